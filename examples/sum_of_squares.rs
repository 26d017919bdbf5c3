//! The smallest runner: workers square, the caller's thread adds up, in whatever order the squares arrive.
//!
//! `cargo run --example sum_of_squares`

use easycore::parallel_runner;

#[parallel_runner(unordered)]
impl SumOfSquares {
    fn producer_work(number: u64) -> u64 {
        number * number
    }
    fn consumer_init() -> u64 {
        0
    }
    fn consumer_work(sum: &mut u64, square: u64) {
        *sum += square;
    }
}

fn main() -> Result<(), easycore::Error> {
    // A number makes so many CPU workers; `["cpu", "cpu", "cpu"]` is the same.
    let mut sum_of_squares = SumOfSquares::new(3);
    println!("{}", sum_of_squares.run(0..100)?);
    sum_of_squares.close()
}
