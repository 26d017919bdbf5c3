//! A range that cannot be split, because its length may not fit a `usize`.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    fn producer_work(item: u64) -> u64 {
        item * item
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run_indexed(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
