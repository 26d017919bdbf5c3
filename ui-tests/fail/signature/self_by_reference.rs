//! A hook that is a method.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    fn producer_work(&self, item: u64) -> u64 {
        item.pow(self.power)
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
