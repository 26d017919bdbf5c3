//! What the user allows or expects in a block counts for what is generated from it.

#![deny(warnings, clippy::pedantic)]

use easycore::parallel_runner;

#[deprecated(note = "to be mentioned in a block that expects it")]
#[derive(Clone, Copy)]
struct Old(u64);

#[parallel_runner]
#[expect(deprecated, reason = "the item is an old one")]
impl Squares {
    #![allow(clippy::unnecessary_wraps, reason = "the hook will fail one day")]

    fn producer_work(item: Old) -> Result<u64, std::fmt::Error> {
        Ok(item.0 * item.0)
    }
}

fn main() -> Result<(), easycore::Error> {
    #[expect(deprecated, reason = "the item is an old one")]
    let items = [Old(2), Old(3)];
    assert_eq!(Squares::new(2).run(items)?, [4, 9]);
    Ok(())
}
