//! Types, traits and functions of the user's with the names that the expansion needs.

#![deny(warnings, clippy::pedantic)]
#![allow(dead_code, unused_macros, non_snake_case, reason = "the names are there to be in the way")]

use easycore::parallel_runner;

struct Option;
struct Vec;
struct Box;
struct Runner;
struct Hooks;
struct Options;
struct Batch;
struct Duration;
trait MergeHooks {}
trait Batched {}
struct Order;
struct Error;
struct PhantomData;
struct Stream;
struct String;
trait Send {}
trait Sync {}
trait Sized {}
trait Debug {}
trait Default {}
trait From {}
trait Into {}
trait Iterator {}
trait IntoIterator {}
trait IntoDevices {}
fn Some() {}
fn None() {}
fn drop() {}
mod hook {}
mod worker {}
mod config {}
mod state {}
mod data {}
macro_rules! compile_error {
    () => {};
}
macro_rules! vec {
    () => {};
}

#[parallel_runner]
impl Squares {
    fn producer_init() -> u64 {
        0
    }
    fn producer_work(seen: &mut u64, item: u64) -> ::core::result::Result<u64, ::std::fmt::Error> {
        *seen += 1;
        item.checked_mul(item).ok_or(::std::fmt::Error)
    }
    fn producer_end(_: u64) {}
}

/// A batch by a name that is not shadowed.
#[parallel_runner(unordered, batch(max = 2, delay = "1ms"))]
impl Doubles {
    fn producer_work(items: ::std::vec::Vec<u64>) -> ::std::vec::Vec<u64> {
        items.iter().map(|item| item * 2).collect()
    }
    fn consumer_init() -> u64 {
        0
    }
    fn consumer_work(sum: &mut u64, item: u64) {
        *sum += item;
    }
    fn consumer_merge(into: &mut u64, from: u64) {
        *into += from;
    }
}

/// Hooks that make no use of the name may give it to something else.
mod shadowed_result {
    struct Result;
    struct Ok;
    struct Err;

    #[easycore::parallel_runner(pub(super))]
    impl Sum {
        fn producer_init() -> u64 {
            0
        }
        fn producer_work(_: &mut u64, item: u64) -> u64 {
            item
        }
        fn producer_end(_: u64) {}
        fn consumer_init() -> u64 {
            0
        }
        fn consumer_work(sum: &mut u64, item: u64) {
            *sum += item;
        }
        fn consumer_end(sum: u64) -> u64 {
            let _ = (Result, Ok, Err);
            sum
        }
    }
}

fn main() -> Result<(), easycore::Error> {
    assert_eq!(Squares::new(2).run(0..4)?, [0, 1, 4, 9]);
    assert_eq!(Doubles::new(2).run(0..4)?, 12);
    assert_eq!(shadowed_result::Sum::new(2).run(0..4)?, 6);
    Ok(())
}
