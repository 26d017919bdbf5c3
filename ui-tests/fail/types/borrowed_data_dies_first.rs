//! A runner that outlives what it borrows.

use easycore::parallel_runner;

#[parallel_runner]
impl<'a> Lengths<'a> {
    fn producer_work(word: &'a str) -> usize {
        word.len()
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut lengths = Lengths::new(2);
    for text in ["one two", "three"] {
        let text = text.to_owned();
        let all: Vec<usize> = lengths.run(text.split(' '))?;
        assert!(!all.is_empty());
    }
    Ok(())
}
