//! Something that names no devices.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    fn producer_work(item: u64) -> u64 {
        item * item
    }
}

fn main() -> Result<(), easycore::Error> {
    let all: Vec<u64> = Squares::new(2.5).run(0..100)?;
    assert_eq!(all.len(), 100);
    Ok(())
}
