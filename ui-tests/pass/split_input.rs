//! Every kind of input that can be split, without an import of the traits that say so.

#![deny(warnings, clippy::pedantic)]

use easycore::parallel_runner;

/// Numbers.
#[parallel_runner]
impl Squares {
    fn producer_work(number: u32) -> u64 {
        u64::from(number) * u64::from(number)
    }
}

/// Borrowed items.
#[parallel_runner]
impl<'a> Lengths<'a> {
    fn producer_work(word: &'a String) -> usize {
        word.len()
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    assert_eq!(squares.run_indexed(0..4)?, [0, 1, 4, 9]);
    assert_eq!(squares.run_indexed(vec![2, 3])?, [4, 9]);
    assert_eq!(squares.run_indexed([5])?, [25]);
    let words = ["one".to_owned(), "three".to_owned()];
    assert_eq!(Lengths::new(2).run_indexed(&words)?, [3, 5]);
    assert_eq!(Lengths::new(2).run_indexed(&words[1..])?, [5]);
    Ok(())
}
