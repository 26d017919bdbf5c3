//! Every form that a hook may have which works in batches.

#![deny(warnings, clippy::pedantic)]

use std::borrow::Cow;
use std::num::ParseIntError;

use easycore::parallel_runner;

type Numbers = Vec<u64>;
type Parsed = Result<Numbers, ParseIntError>;
type Streamed = Result<Numbers, easycore::Error>;

/// Aliases, and the long form.
#[parallel_runner(pub(crate), batch(max = 3, delay = "5ms"))]
impl Squares {
    fn producer_work(numbers: Numbers) -> Numbers {
        numbers.iter().map(|number| number * number).collect()
    }
}

/// Items that borrow, a state and a config.
#[parallel_runner(batch = 2, config = char)]
impl<'a, 'b: 'a> Trimmed<'a, 'b> {
    fn producer_init() -> usize {
        0
    }
    fn producer_work(cfg: &char, batches: &mut usize, words: Vec<(&'a str, &'b str)>) -> Vec<Cow<'a, str>> {
        *batches += 1;
        words.into_iter().map(|(one, other)| Cow::from(one.trim_matches(*cfg).max(other))).collect()
    }
    fn consumer_init() -> String {
        String::new()
    }
    fn consumer_work(joined: &mut String, word: Cow<'a, str>) {
        joined.push_str(&word);
    }
}

/// A result.
#[parallel_runner(batch = 2)]
impl Parse {
    fn producer_work(texts: Vec<&'static str>) -> Result<Vec<u64>, ParseIntError> {
        texts.into_iter().map(str::parse).collect()
    }
}

/// A result whose value is not written out.
#[parallel_runner(batch = 2)]
impl Lengths {
    fn producer_work(texts: Vec<String>) -> nested::Result {
        if texts.len() > 2 { Err(std::fmt::Error) } else { Ok(texts.iter().map(String::len).collect()) }
    }
}

mod nested {
    pub(crate) type Result = std::result::Result<Vec<usize>, std::fmt::Error>;
}

/// Parameters of the block.
#[parallel_runner(batch = 2)]
impl<T: Clone + Send + 'static, const WIDTH: usize> Repeat<T, WIDTH> {
    fn producer_work(items: Vec<T>) -> Vec<[T; WIDTH]> {
        items.into_iter().map(|item| std::array::from_fn(|_| item.clone())).collect()
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    assert_eq!(squares.run(0..4)?, [0, 1, 4, 9]);
    assert_eq!(squares.run_indexed(vec![2, 3])?, [4, 9]);
    assert_eq!(squares.stream(0..4).collect::<Streamed>()?, [0, 1, 4, 9]);
    assert_eq!(Trimmed::new(2, '.').run([("one.", "a"), (".two", "b")])?, "onetwo");
    assert_eq!(Parse::new(2).run(["1", "2", "3"])?, [1, 2, 3]);
    assert!(Parse::new(2).run(["1", "two"]).is_err());
    assert_eq!(Lengths::new(2).run(["one".to_owned()])?, [3]);
    assert_eq!(Repeat::<_, 2>::new(2).run([1, 2])?, [[1, 1], [2, 2]]);
    assert_eq!(Parse::producer_work(vec!["7"]), Parsed::Ok(vec![7]));
    Ok(())
}
