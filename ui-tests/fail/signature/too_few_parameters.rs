//! No place for the item.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    fn producer_work() -> u64 {
        4
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
