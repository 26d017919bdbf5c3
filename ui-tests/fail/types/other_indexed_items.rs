//! Split input of other items than the runner takes.

use easycore::parallel_runner;

#[parallel_runner(unordered)]
impl Squares {
    fn producer_work(item: u64) -> u64 {
        item * item
    }
}

fn main() -> Result<(), easycore::Error> {
    let all: Vec<u64> = Squares::new(2).run_indexed(vec!["one", "two"])?;
    assert_eq!(all.len(), 2);
    Ok(())
}
