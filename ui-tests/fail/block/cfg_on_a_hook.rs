//! A hook that is there only under some `#[cfg]`.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    #[cfg(target_pointer_width = "64")]
    fn producer_init() -> u64 {
        0
    }

    fn producer_work(seen: &mut u64, item: u64) -> u64 {
        *seen += 1;
        item * item
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
