//! A stream of borrowed data.

use easycore::parallel_runner;

#[parallel_runner]
impl<'a> Lengths<'a> {
    fn producer_work(word: &'a str) -> usize {
        word.len()
    }
}

fn main() {
    let text = String::from("one two");
    let words: Vec<&str> = text.split(' ').collect();
    assert_eq!(Lengths::new(2).stream(words).count(), 2);
}
