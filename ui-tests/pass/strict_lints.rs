//! Every hook, under every lint that a careful crate switches on.

#![forbid(unsafe_code)]
#![deny(warnings, clippy::all, clippy::pedantic)]
#![deny(missing_docs, missing_debug_implementations, missing_copy_implementations)]
#![deny(rust_2018_idioms, unreachable_pub, unused_qualifications, unused_results, unused_lifetimes)]
#![deny(single_use_lifetimes, trivial_casts, let_underscore_drop, clippy::allow_attributes_without_reason)]
#![deny(clippy::unwrap_used, clippy::missing_inline_in_public_items, clippy::use_self)]

use std::ops::ControlFlow;

use easycore::{Device, parallel_runner};

/// How the numbers are raised.
#[derive(Debug, Clone, Copy)]
pub struct Power(u32);

/// Sums up powers.
///
/// With a second paragraph.
#[parallel_runner(pub, unordered, config = Power)]
impl SumOfPowers {
    fn producer_init(device: &Device, cfg: &Power) -> Result<String, std::fmt::Error> {
        if cfg.0 > 3 { Err(std::fmt::Error) } else { Ok(device.to_string()) }
    }

    fn producer_work(cfg: &Power, device: &mut String, item: u64) -> Result<u64, std::fmt::Error> {
        device.push('.');
        item.checked_pow(cfg.0).ok_or(std::fmt::Error)
    }

    fn producer_end(_cfg: &Power, device: String) -> Result<(), std::fmt::Error> {
        if device.is_empty() { Err(std::fmt::Error) } else { Ok(()) }
    }

    fn consumer_init(_cfg: &Power) -> u64 {
        0
    }

    fn consumer_work(_cfg: &Power, sum: &mut u64, power: u64) -> ControlFlow<()> {
        *sum += power;
        if *sum > 1_000_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn consumer_merge(_cfg: &Power, into: &mut u64, from: u64) -> Result<(), std::fmt::Error> {
        *into = into.checked_add(from).ok_or(std::fmt::Error)?;
        Ok(())
    }

    fn consumer_end(cfg: &Power, sum: u64) -> Result<u64, std::fmt::Error> {
        if cfg.0 == 0 { Err(std::fmt::Error) } else { Ok(sum) }
    }
}

/// Squares, in order.
#[parallel_runner]
impl Squares {
    fn producer_work(item: u64) -> u64 {
        item * item
    }
}

/// Square roots, in batches.
#[parallel_runner(pub, batch(max = 10_000, delay = "10000us"))]
impl SquareRoots {
    fn producer_work(items: Vec<f64>) -> Result<Vec<f64>, std::fmt::Error> {
        items
            .into_iter()
            .map(|item| if item < 0.0 { Err(std::fmt::Error) } else { Ok(item.sqrt()) })
            .collect()
    }
}

fn main() -> Result<(), easycore::Error> {
    assert_eq!(SumOfPowers::new(2, Power(2)).run(0..10)?, 285);
    assert_eq!(Squares::new(2).run(0..4)?, [0, 1, 4, 9]);
    assert_eq!(SquareRoots::new(2).run([4.0])?.len(), 1);
    Ok(())
}
