//! A type of which every part stands in another, more often than anybody reads.

use easycore::parallel_runner;

#[parallel_runner]
impl Squares {
    fn producer_work(
        item: u64,
    ) ->
        Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<
        Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<
        Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<
        Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<
        Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<Option<
        Option<u64
        >>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>
    {
        unreachable!("{item}")
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all = squares.run(0..100)?;
    assert_eq!(all.len(), 100);
    squares.close()
}
