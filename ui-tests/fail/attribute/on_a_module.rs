//! The attribute on a module.

use easycore::parallel_runner;

#[parallel_runner]
mod squares {
    pub fn producer_work(item: u64) -> u64 {
        item * item
    }
}

fn main() {
    assert_eq!(squares::producer_work(3), 9);
}
