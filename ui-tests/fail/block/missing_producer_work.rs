//! The one hook that is required is not there.

use easycore::parallel_runner;

#[parallel_runner]
impl Sum {
    fn consumer_init() -> u64 {
        0
    }

    fn consumer_work(sum: &mut u64, square: u64) {
        *sum += square;
    }
}

fn main() -> Result<(), easycore::Error> {
    let sum: u64 = Sum::new(2).run(0..100)?;
    assert_eq!(sum, 4950);
    Ok(())
}
