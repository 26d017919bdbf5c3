//! `producer_end` expects another state than `producer_init` makes.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    fn producer_init() -> Vec<u64> {
        Vec::new()
    }

    fn producer_work(seen: &mut Vec<u64>, item: u64) -> u64 {
        seen.push(item);
        item * item
    }

    fn producer_end(seen: &mut Vec<u64>) {
        seen.clear();
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
