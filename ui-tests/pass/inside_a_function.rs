//! A runner, and what it works on, declared within the body of a function.

#![deny(warnings, clippy::pedantic)]

use easycore::{Error, parallel_runner};

fn main() -> Result<(), Error> {
    #[derive(Clone, Copy)]
    struct Offset(u64);

    #[parallel_runner(config = Offset)]
    impl Shifted {
        fn producer_work(cfg: &Offset, item: u64) -> u64 {
            item + cfg.0
        }
    }

    assert_eq!(Shifted::new(2, Offset(10)).run(0..3)?, [10, 11, 12]);

    let sum = {
        #[parallel_runner(unordered)]
        impl Shifted {
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
        Shifted::new(2).run(0..3)?
    };
    assert_eq!(sum, 3);
    Ok(())
}
