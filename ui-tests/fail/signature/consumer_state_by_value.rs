//! A consumer state that is given away with the first output.

use easycore::parallel_runner;

#[parallel_runner]
impl Sum {
    fn producer_work(item: u64) -> u64 {
        item
    }

    fn consumer_init() -> u64 {
        0
    }

    fn consumer_work(sum: u64, square: u64) {
        assert!(sum + square > 0);
    }
}

fn main() -> Result<(), easycore::Error> {
    let sum: u64 = Sum::new(2).run(0..100)?;
    assert_eq!(sum, 4950);
    Ok(())
}
