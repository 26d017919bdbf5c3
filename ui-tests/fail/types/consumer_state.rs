//! `consumer_work` expects another state than `consumer_init` makes.

use easycore::parallel_runner;

#[parallel_runner]
impl Sum {
    fn producer_work(item: u64) -> u64 {
        item
    }

    fn consumer_init() -> u32 {
        0
    }

    fn consumer_work(sum: &mut u64, square: u64) {
        *sum += square;
    }

    fn consumer_end(sum: u32) -> u64 {
        sum.into()
    }
}

fn main() -> Result<(), easycore::Error> {
    let sum: u64 = Sum::new(2).run(0..100)?;
    assert_eq!(sum, 4950);
    Ok(())
}
