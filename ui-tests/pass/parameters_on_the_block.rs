//! Lifetimes, types and constants as parameters of a runner, with bounds in either place.

#![deny(warnings, clippy::pedantic, missing_docs)]

use std::collections::HashMap;
use std::fmt::{Debug, Display};
use std::hash::Hash;

use easycore::parallel_runner;

/// The longest word.
#[parallel_runner(pub)]
impl<'a> Longest<'a> {
    fn producer_work(word: &'a str) -> &'a str {
        word.trim()
    }
    fn consumer_init() -> &'a str {
        ""
    }
    fn consumer_work(longest: &mut &'a str, word: &'a str) {
        if word.len() > longest.len() {
            *longest = word;
        }
    }
    fn consumer_end(longest: &'a str) -> Option<&'a str> {
        (!longest.is_empty()).then_some(longest)
    }
}

/// The words themselves.
#[parallel_runner(pub)]
impl<'text> Words<'text> {
    fn producer_work(line: &'text str) -> Vec<&'text str> {
        line.split(' ').collect()
    }
    fn consumer_init() -> usize {
        0
    }
    fn consumer_work(count: &mut usize, words: Vec<&str>) {
        *count += words.len();
    }
}

/// Sorts what it is fed with.
#[parallel_runner]
impl<T: Send + Ord + 'static> Sort<T>
where
    T: Clone,
{
    fn producer_work(mut items: Vec<T>) -> Vec<T> {
        items.sort();
        items
    }
}

/// Lifetimes that are declared in a type.
#[parallel_runner]
impl Apply {
    fn producer_work(measure: Box<dyn for<'x> Fn(&'x str) -> &'x str + Send>) -> usize {
        measure("four").len()
    }
}

/// Counts, with parameters that have the names one would give to an input.
#[parallel_runner(config = HashMap<I, E>)]
impl<'a, I, E, const N: usize> Count<'a, I, E, N>
where
    I: Hash + Eq + Send + Sync + Debug + 'static,
    E: Display + Send + Sync + 'static,
{
    fn producer_init() -> [usize; N] {
        [0; N]
    }
    fn producer_work(cfg: &HashMap<I, E>, counts: &mut [usize; N], items: &'a [I]) -> Vec<&'a I> {
        if let Some(count) = counts.first_mut() {
            *count += 1;
        }
        items.iter().filter(|item| cfg.contains_key(item)).collect()
    }
    fn consumer_init() -> usize {
        0
    }
    fn consumer_work(sum: &mut usize, items: Vec<&'a I>) {
        *sum += items.len();
    }
}

/// A runner goes where it is needed, whatever its workers keep.
fn assert_send<T: Send + Debug>(_: &T) {}

fn main() -> Result<(), easycore::Error> {
    let text = String::from("one two\nthree");
    assert_eq!(Longest::new(2).run(text.lines())?, Some("one two"));
    assert_eq!(Words::new(2).run(text.lines())?, 3);

    assert_eq!(Sort::new(2).run([vec![3, 1], vec![2]])?, [vec![1, 3], vec![2]]);
    let sorted: Vec<Vec<u8>> = Sort::<u8>::new(2).stream([vec![2, 1]]).collect::<Result<_, _>>()?;
    assert_eq!(sorted, [[1, 2]]);

    let known = HashMap::from([("a", 1)]);
    let items = ["a", "b"];
    assert_eq!(Apply::new(2).run([Box::new(str::trim) as Box<_>])?, [4]);
    assert_send(&Sort::<u8>::new(2));
    assert_eq!(Count::<_, _, 4>::new(2, known).run([&items[..], &items[1..]])?, 1);
    Ok(())
}
