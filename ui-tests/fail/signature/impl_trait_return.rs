//! An output whose type has no name.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    fn producer_work(item: u64) -> impl Iterator<Item = u64> {
        0..item
    }
}

fn main() -> Result<(), easycore::Error> {
    for squares in Squares::new(2).run(0..100)? {
        assert!(squares.count() < 100);
    }
    Ok(())
}
