//! `producer_init` expects something that no worker can supply.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    fn producer_init(device: String) -> String {
        device
    }

    fn producer_work(device: &mut String, item: u64) -> u64 {
        item * device.len() as u64
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
