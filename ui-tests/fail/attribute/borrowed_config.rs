//! A config that borrows from nobody knows where.

use easycore::parallel_runner;

#[parallel_runner(config = &str)]
impl Squares {
    fn producer_work(cfg: &&str, item: u64) -> u64 {
        item * cfg.len() as u64
    }
}

fn main() -> Result<(), easycore::Error> {
    let all: Vec<u64> = Squares::new(2, "four").run(0..100)?;
    assert_eq!(all.len(), 100);
    Ok(())
}
