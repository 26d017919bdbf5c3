//! A hook with a type parameter of its own.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    fn producer_work<T: Into<u64>>(item: T) -> u64 {
        item.into()
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
