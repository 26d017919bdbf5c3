//! A list of what names no device.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    fn producer_work(item: u64) -> u64 {
        item * item
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new([0.5]);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
