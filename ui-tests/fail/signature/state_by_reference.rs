//! A producer state that cannot be changed.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    fn producer_init() -> Vec<u8> {
        Vec::new()
    }

    fn producer_work(seen: &Vec<u8>, item: u64) -> u64 {
        item * seen.len() as u64
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
