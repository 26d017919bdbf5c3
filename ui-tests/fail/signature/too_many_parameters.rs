//! More parameters than anybody could supply.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    fn producer_init() -> u64 {
        0
    }

    fn producer_work(seen: &mut u64, item: u64, weight: u64, bias: u64) -> u64 {
        *seen += 1;
        item * weight + bias
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
