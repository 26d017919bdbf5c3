//! `producer_work` expects another state than `producer_init` makes.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    fn producer_init() -> Vec<u8> {
        Vec::new()
    }

    fn producer_work(log: &mut String, item: u64) -> u64 {
        log.push('.');
        item * item
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
