//! Any job as easycore's hooks, ordered or not, consumed on the caller or on the workers.

use std::marker::PhantomData;
use std::ops::ControlFlow;

use easycore::{HookError, Hooks, MergeHooks, Order, Runner, Worker};

use crate::jobs::Job;

#[derive(Debug)]
pub(crate) struct Bench<J, const ORDERED: bool>(PhantomData<J>);

/// A runner with `threads` workers that are warm.
pub(crate) fn started<J: Job, const ORDERED: bool>(threads: usize, job: J) -> Runner<Bench<J, ORDERED>> {
    let mut runner = Runner::new(threads, job);
    runner.start().expect("CPU workers start");
    runner
}

impl<J: Job, const ORDERED: bool> Hooks for Bench<J, ORDERED> {
    const NAME: &'static str = "bench";
    const ORDER: Order = if ORDERED { Order::Ordered } else { Order::Unordered };
    type Config = J;
    type Item = J::Item;
    type Output = J::Output;
    type ProducerState = ();
    type ConsumerState = u64;
    type Outcome = u64;

    fn producer_init(_: &Worker, _: &J) -> Result<(), HookError> {
        Ok(())
    }
    fn producer_work(job: &J, (): &mut (), item: J::Item) -> Result<J::Output, HookError> {
        Ok(job.work(item))
    }
    fn consumer_init(_: &J) -> Result<u64, HookError> {
        Ok(0)
    }
    fn consumer_work(job: &J, sum: &mut u64, output: J::Output) -> Result<ControlFlow<()>, HookError> {
        *sum = sum.wrapping_add(job.consume(output));
        Ok(ControlFlow::Continue(()))
    }
    fn consumer_end(_: &J, sum: u64) -> Result<u64, HookError> {
        Ok(sum)
    }
}

impl<J: Job> MergeHooks for Bench<J, false> {
    fn consumer_merge(_: &J, into: &mut u64, from: u64) -> Result<(), HookError> {
        *into = into.wrapping_add(from);
        Ok(())
    }
}
