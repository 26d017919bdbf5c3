//! A delay that is not in quotes.

use easycore::parallel_runner;

#[parallel_runner(batch(max = 8, delay = 5))]
impl Squares {
    fn producer_work(items: Vec<u64>) -> Vec<u64> {
        items.iter().map(|item| item * item).collect()
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
