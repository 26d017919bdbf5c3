//! A type among the hooks, as in the implementation of a trait.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    type Item = u64;

    fn producer_work(item: Self::Item) -> u64 {
        item * item
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
