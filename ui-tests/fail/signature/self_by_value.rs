//! A hook that consumes the runner.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    fn producer_init(mut self) -> u64 {
        self.count
    }

    fn producer_work(seen: &mut u64, item: u64) -> u64 {
        *seen += 1;
        item * item
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
