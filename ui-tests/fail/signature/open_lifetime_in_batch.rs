//! Items of a batch that borrow from nobody knows where.

use easycore::parallel_runner;

#[parallel_runner(batch = 8)]
impl Squares {
    fn producer_work(items: Vec<&u64>) -> Vec<u64> {
        items.into_iter().copied().collect()
    }
}

fn main() -> Result<(), easycore::Error> {
    let items = [1, 2, 3];
    let all: Vec<u64> = Squares::new(2).run(&items)?;
    assert_eq!(all.len(), 3);
    Ok(())
}
