//! The end of a state that nobody makes, where there is a config.

use easycore::parallel_runner;

#[parallel_runner(config = u64)]
impl Squares {
    fn producer_work(cfg: &u64, item: u64) -> u64 {
        item * cfg
    }

    fn producer_end(seen: Vec<u64>) {
        drop(seen);
    }
}

fn main() -> Result<(), easycore::Error> {
    let all: Vec<u64> = Squares::new(2, 3).run(0..100)?;
    assert_eq!(all.len(), 100);
    Ok(())
}
