//! The hook returns one output for the whole batch, or an error.

use easycore::parallel_runner;

#[parallel_runner(batch = 8)]
impl Squares {
    fn producer_work(items: Vec<u64>) -> Result<u64, String> {
        items.first().copied().ok_or_else(String::new)
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
