//! A block that is itself the output of a macro, with types that came in as arguments.

#![deny(warnings, clippy::pedantic)]

macro_rules! sum {
    ($vis:vis $name:ident, $item:ty, $sum:ty, $config:ty) => {
        #[easycore::parallel_runner($vis, unordered, config = $config)]
        impl $name {
            fn producer_init(_: &easycore::Device, cfg: &$config) -> Result<$config, std::fmt::Error> {
                cfg.checked_sub(0).ok_or(std::fmt::Error)
            }
            fn producer_work(factor: &mut $config, item: $item) -> $item {
                item * *factor
            }
            fn consumer_init() -> $sum {
                <$sum>::default()
            }
            fn consumer_work(sum: &mut $sum, item: $item) {
                *sum += <$sum>::from(item);
            }
        }
    };
}

sum!(pub(crate) Sum, u32, u64, u32);

fn main() -> Result<(), easycore::Error> {
    assert_eq!(Sum::new(2, 2).run(0..4)?, 12);
    Ok(())
}
