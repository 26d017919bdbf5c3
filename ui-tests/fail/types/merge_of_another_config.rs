//! `consumer_merge` takes another config than the runner has.

use easycore::parallel_runner;

#[parallel_runner(unordered, config = u32)]
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

    fn consumer_merge(cfg: &u64, into: &mut u64, from: u64) {
        *into += from * cfg;
    }
}

fn main() -> Result<(), easycore::Error> {
    let sum: u64 = Sum::new(2, 1).run(0..100)?;
    assert_eq!(sum, 4950);
    Ok(())
}
