//! A crate that brings nothing into scope by itself.

#![deny(warnings, clippy::pedantic)]
#![no_implicit_prelude]

use ::easycore::parallel_runner;

#[parallel_runner(unordered, config = u64)]
impl Sum {
    fn producer_init(_: &::easycore::Device, cfg: &u64) -> ::core::result::Result<u64, ::std::fmt::Error> {
        cfg.checked_sub(0).ok_or(::std::fmt::Error)
    }
    fn producer_work(offset: &mut u64, item: u64) -> u64 {
        item + *offset
    }
    fn producer_end(_: u64) {}
    fn consumer_init() -> u64 {
        0
    }
    fn consumer_work(sum: &mut u64, item: u64) {
        *sum += item;
    }
}

fn main() {
    let sum = Sum::new(2, 1).run(0..4);
    ::core::assert!(::core::matches!(sum, ::core::result::Result::Ok(10)));
}
