//! A block whose lifetime has no name.

use easycore::parallel_runner;

#[parallel_runner]
impl Lengths<'_> {
    fn producer_work(word: String) -> usize {
        word.len()
    }
}

fn main() -> Result<(), easycore::Error> {
    let all: Vec<usize> = Lengths::new(2).run(["a".to_owned()])?;
    assert_eq!(all, [1]);
    Ok(())
}
