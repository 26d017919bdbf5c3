//! No hook takes the batches.

use easycore::parallel_runner;

#[parallel_runner(batch = 8)]
impl Squares {
    fn consumer_init() -> Vec<u64> {
        Vec::new()
    }

    fn consumer_work(all: &mut Vec<u64>, square: u64) {
        all.push(square);
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
