//! The hook returns one output for the whole batch.

use easycore::parallel_runner;

#[parallel_runner(batch = 8)]
impl Squares {
    fn producer_work(items: Vec<u64>) -> u64 {
        items.iter().sum()
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
