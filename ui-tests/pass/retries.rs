//! Every form of a hook that is tried again.

#![deny(warnings, clippy::pedantic, missing_docs)]

use std::num::ParseIntError;
use std::rc::Rc;

use easycore::parallel_runner;

/// Items that are `Copy`.
#[parallel_runner(pub(crate), retries = 2)]
impl Squares {
    fn producer_work(item: u64) -> u64 {
        item * item
    }
}

/// Items that borrow, in batches, with a state.
#[parallel_runner(unordered, batch = 2, retries = 1)]
impl<'a> Lengths<'a> {
    fn producer_init() -> Rc<usize> {
        Rc::new(0)
    }
    fn producer_work(offset: &mut Rc<usize>, words: Vec<&'a str>) -> Result<Vec<usize>, ParseIntError> {
        Ok(words.iter().map(|word| word.len() + **offset).collect())
    }
}

/// Items of a type that the block leaves open.
#[parallel_runner(retries = 3)]
impl<T: Clone + Send + 'static> Pairs<T> {
    fn producer_work(item: [T; 1]) -> (T, T) {
        let [item] = item;
        (item.clone(), item)
    }
}

/// A type with a method that is called like one of the support code's.
#[derive(Clone)]
pub struct Page(u32);

impl Page {
    /// Not what is wanted.
    #[must_use]
    pub fn copy(&self) -> u32 {
        self.0
    }
}

/// Reads pages.
#[parallel_runner(pub, retries = 1)]
impl Read {
    fn producer_work(page: Page) -> Result<u32, String> {
        Ok(page.copy())
    }
}

fn main() -> Result<(), easycore::Error> {
    assert_eq!(Squares::new(2).run(0..4)?, [0, 1, 4, 9]);
    assert_eq!(Lengths::new(1).run("one two three".split(' '))?, [3, 3, 5]);
    assert_eq!(Pairs::new(2).run([[1]])?, [(1, 1)]);
    assert_eq!(Read::new(2).run([Page(7)])?, [7]);
    Ok(())
}
