//! A hook that is tried again in batches, and takes its items one by one.

use easycore::parallel_runner;

#[parallel_runner(batch = 8, retries = 2)]
impl Squares {
    fn producer_work(item: u64) -> Vec<u64> {
        vec![item * item]
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
