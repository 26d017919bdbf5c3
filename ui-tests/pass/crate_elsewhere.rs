//! The runtime by another name, and behind another crate's re-export.

#![deny(warnings, clippy::pedantic)]

extern crate easycore as engine;

mod framework {
    pub(crate) mod parallel {
        pub(crate) use easycore::*;
    }
    pub(crate) use ::easycore as inner;
}

#[framework::parallel::parallel_runner(crate = crate::framework::inner)]
impl Squares {
    fn producer_work(item: u64) -> u64 {
        item * item
    }
}

#[engine::parallel_runner(crate = engine, unordered)]
impl Sum {
    fn producer_work(item: u64) -> u64 {
        item
    }
    fn consumer_init() -> u64 {
        0
    }
    fn consumer_work(sum: &mut u64, item: u64) {
        *sum += item;
    }
}

fn main() -> Result<(), engine::Error> {
    assert_eq!(Squares::new(2).run(0..4)?, [0, 1, 4, 9]);
    assert_eq!(Sum::new(2).run(0..4)?, 6);
    Ok(())
}
