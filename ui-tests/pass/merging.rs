//! Every form that `consumer_merge` may have, and every method that then consumes on the workers.

#![deny(warnings, clippy::pedantic)]
#![allow(clippy::unnecessary_wraps, reason = "the return types are what is shown")]

use std::collections::BTreeMap;
use std::io;
use std::num::ParseIntError;

use easycore::parallel_runner;

type Counts<'a> = BTreeMap<&'a str, usize>;

/// States that borrow.
#[parallel_runner(unordered)]
impl<'a> CountWords<'a> {
    fn producer_work(word: &'a str) -> &'a str {
        word.trim_matches(',')
    }
    fn consumer_init() -> Counts<'a> {
        Counts::new()
    }
    fn consumer_work(counts: &mut Counts<'a>, word: &'a str) {
        *counts.entry(word).or_default() += 1;
    }
    fn consumer_merge(into: &mut Counts<'a>, from: BTreeMap<&'a str, usize>) {
        for (word, count) in from {
            *into.entry(word).or_default() += count;
        }
    }
}

/// A config, failures, and a result of another type than the state.
#[parallel_runner(pub(crate), unordered, config = u64)]
impl Sum {
    fn producer_work(text: String) -> Result<u64, ParseIntError> {
        text.parse()
    }
    fn consumer_init(_cfg: &u64) -> io::Result<u64> {
        Ok(0)
    }
    fn consumer_work(cfg: &u64, sum: &mut u64, number: u64) -> Result<(), String> {
        *sum += number * cfg;
        if *sum < 1_000_000 { Ok(()) } else { Err("too much".to_owned()) }
    }
    fn consumer_merge(_cfg: &u64, into: &mut u64, from: u64) -> Result<(), String> {
        *into = into.checked_add(from).ok_or("too much")?;
        Ok(())
    }
    fn consumer_end(cfg: &u64, sum: u64) -> f64 {
        f64::from(u32::try_from(sum / cfg).unwrap_or(u32::MAX))
    }
}

/// Parameters of the block, and batches beside it all.
#[parallel_runner(unordered, batch = 4)]
impl<T: Ord + Send + 'static, const MOST: usize> Largest<T, MOST> {
    fn producer_work(items: Vec<T>) -> Vec<T> {
        items
    }
    fn consumer_init() -> Vec<T> {
        Vec::new()
    }
    fn consumer_work(largest: &mut Vec<T>, item: T) {
        largest.push(item);
        largest.sort_by(|one, other| other.cmp(one));
        largest.truncate(MOST);
    }
    fn consumer_merge(into: &mut Vec<T>, from: Vec<T>) {
        for item in from {
            Self::consumer_work(into, item);
        }
    }
}

fn main() -> Result<(), easycore::Error> {
    let text = String::from("one two, one");
    let words: Vec<&str> = text.split(' ').collect();
    let expected = Counts::from([("one", 2), ("two", 1)]);
    assert_eq!(CountWords::new(2).run(text.split(' '))?, expected);
    assert_eq!(CountWords::new(2).run_indexed(words)?, expected);
    let mut counts = Counts::new();
    CountWords::new(2).run_into(&mut counts, text.split(' '))?;
    assert_eq!(counts, expected);
    let numbers = (1..=4).map(|number: u64| Ok::<_, io::Error>(number.to_string()));
    assert!((Sum::new(2, 3).try_run(numbers)? - 10.0).abs() < 0.1);
    assert_eq!(Largest::<u8, 2>::new(2).run([3, 9, 4, 8])?, [9, 8]);
    Ok(())
}
