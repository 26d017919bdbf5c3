//! `consumer_merge` merges into another state than `consumer_init` makes.

use easycore::parallel_runner;

#[parallel_runner(unordered)]
impl Sum {
    fn producer_work(item: u64) -> u64 {
        item
    }

    fn consumer_init() -> u64 {
        0
    }

    fn consumer_work(sum: &mut u64, item: u64) {
        *sum += item;
    }

    fn consumer_merge(into: &mut u32, from: u64) {
        assert!(u64::from(*into) < from);
    }
}

fn main() -> Result<(), easycore::Error> {
    let sum: u64 = Sum::new(2).run(0..100)?;
    assert_eq!(sum, 4950);
    Ok(())
}
