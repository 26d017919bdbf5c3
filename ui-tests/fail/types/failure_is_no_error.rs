//! A hook that fails with something that is no error.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    fn producer_work(item: u64) -> Result<u64, u32> {
        item.checked_mul(item).ok_or(3)
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
