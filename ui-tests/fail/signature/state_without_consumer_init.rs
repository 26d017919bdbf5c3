//! A consumer state that nobody makes.

use easycore::parallel_runner;

#[parallel_runner]
impl Sum {
    fn producer_work(item: u64) -> u64 {
        item
    }

    fn consumer_work(sum: &mut u64, square: u64) {
        *sum += square;
    }
}

fn main() -> Result<(), easycore::Error> {
    let sum: u64 = Sum::new(2).run(0..100)?;
    assert_eq!(sum, 4950);
    Ok(())
}
