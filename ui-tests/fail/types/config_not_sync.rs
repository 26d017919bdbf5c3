//! A config that threads cannot share.

use easycore::parallel_runner;

use std::cell::Cell;

#[parallel_runner(config = Cell<u64>)]
impl Squares {
    fn producer_work(cfg: &Cell<u64>, item: u64) -> u64 {
        cfg.set(item);
        item
    }
}

fn main() -> Result<(), easycore::Error> {
    let all: Vec<u64> = Squares::new(2, Cell::new(3)).run(0..100)?;
    assert_eq!(all.len(), 100);
    Ok(())
}
