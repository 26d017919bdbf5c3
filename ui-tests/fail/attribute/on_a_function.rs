//! The attribute on a single function.

use easycore::parallel_runner;

#[parallel_runner]
fn square(item: u64) -> u64 {
    item * item
}

fn main() {
    assert_eq!(square(3), 9);
}
