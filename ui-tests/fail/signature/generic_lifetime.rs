//! A hook with a lifetime of its own.

use easycore::parallel_runner;

#[parallel_runner]
impl Lengths {
    fn producer_work<'a>(word: &'a str) -> usize {
        word.len()
    }
}

fn main() -> Result<(), easycore::Error> {
    let text = String::from("one two");
    let all: Vec<usize> = Lengths::new(2).run(text.split(' '))?;
    assert_eq!(all, [3, 3]);
    Ok(())
}
