//! Input that cannot be split by position.

use easycore::parallel_runner;

#[parallel_runner(unordered)]
impl Squares {
    fn producer_work(item: u64) -> u64 {
        item * item
    }
}

fn main() -> Result<(), easycore::Error> {
    let all: Vec<u64> = Squares::new(2).run_indexed((0..100).filter(|item| item % 2 == 0))?;
    assert_eq!(all.len(), 50);
    Ok(())
}
