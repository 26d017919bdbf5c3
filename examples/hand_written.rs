//! The runner of `sum_of_squares` without the macro: `trait Hooks` by hand, run by `Runner`.
//!
//! `cargo run --example hand_written`

use std::ops::ControlFlow;

use easycore::{HookError, Hooks, Order, Runner, Worker};

/// Never made: it only carries the hooks.
enum SumOfSquares {}

impl Hooks for SumOfSquares {
    const NAME: &'static str = "sum-of-squares";
    const ORDER: Order = Order::Unordered;
    const STATELESS: bool = true;

    type Config = ();
    type Item = u64;
    type Output = u64;
    type ProducerState = ();
    type ConsumerState = u64;
    type Outcome = u64;

    fn producer_init(_worker: &Worker, (): &()) -> Result<(), HookError> {
        Ok(())
    }

    fn producer_work((): &(), (): &mut (), number: u64) -> Result<u64, HookError> {
        Ok(number * number)
    }

    fn consumer_init((): &()) -> Result<u64, HookError> {
        Ok(0)
    }

    fn consumer_work((): &(), sum: &mut u64, square: u64) -> Result<ControlFlow<()>, HookError> {
        *sum += square;
        Ok(ControlFlow::Continue(()))
    }

    fn consumer_end((): &(), sum: u64) -> Result<u64, HookError> {
        Ok(sum)
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut sum_of_squares = Runner::<SumOfSquares>::new(3, ());
    println!("{}", sum_of_squares.run(0..100)?);
    sum_of_squares.close()
}
