//! A constant among the hooks.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    const LIMIT: u64 = 10;

    fn producer_work(item: u64) -> u64 {
        item.min(Self::LIMIT)
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
