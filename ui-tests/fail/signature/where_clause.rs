//! A hook with a bound of its own.

use easycore::parallel_runner;

#[parallel_runner]
impl<T: Send + 'static> Numbers<T> {
    fn producer_work(item: T) -> u64
    where
        T: Into<u64>,
    {
        item.into()
    }
}

fn main() -> Result<(), easycore::Error> {
    let all: Vec<u64> = Numbers::<u8>::new(2).run(0..10)?;
    assert_eq!(all.len(), 10);
    Ok(())
}
