//! A value in place of whether to go on.

use easycore::parallel_runner;

#[parallel_runner]
impl Sum {
    fn producer_work(item: u64) -> u64 {
        item
    }

    fn consumer_init() -> u64 {
        0
    }

    fn consumer_work(sum: &mut u64, square: u64) -> bool {
        *sum += square;
        true
    }
}

fn main() -> Result<(), easycore::Error> {
    let sum: u64 = Sum::new(2).run(0..100)?;
    assert_eq!(sum, 4950);
    Ok(())
}
