//! What the compiler says to users of the macro. The fixtures are in `fail` and `pass`; here is only what has to be in a
//! library: runners that are exported, for the lints that look at nothing else.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, clippy::all, clippy::pedantic)]

use std::num::ParseIntError;

use easycore::{Device, parallel_runner};

/// Numbers from text, with all that can fail.
#[parallel_runner(pub, config = usize)]
impl Numbers {
    fn producer_init(_device: &Device, cfg: &usize) -> Result<String, String> {
        if *cfg == 0 { Err("no digits".to_owned()) } else { Ok(String::with_capacity(*cfg)) }
    }

    fn producer_work(digits: &mut String, text: String) -> Result<u64, ParseIntError> {
        digits.clear();
        digits.push_str(&text);
        digits.parse()
    }
}

/// What is borrowed, as it is.
#[parallel_runner(pub, unordered)]
impl<'a, T: Sync + 'static> Borrowed<'a, T> {
    fn producer_work(item: &'a T) -> &'a T {
        item
    }
}
