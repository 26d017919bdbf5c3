//! The consumer expects the `Result`, and not what is in it.

use easycore::parallel_runner;

#[parallel_runner]
impl Sum {
    fn producer_work(item: String) -> Result<u64, std::num::ParseIntError> {
        item.parse()
    }

    fn consumer_init() -> u64 {
        0
    }

    fn consumer_work(sum: &mut u64, number: Result<u64, std::num::ParseIntError>) {
        *sum += number.unwrap_or_default();
    }
}

fn main() -> Result<(), easycore::Error> {
    let sum: u64 = Sum::new(2).run(["1".to_owned()])?;
    assert_eq!(sum, 1);
    Ok(())
}
