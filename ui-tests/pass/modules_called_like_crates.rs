//! Modules with the names of the crates that the expansion refers to.

#![deny(warnings, clippy::pedantic)]

mod core {}
mod std {}
mod alloc {}
mod easycore {}
mod hooks {
    mod core {}
    mod easycore {}

    #[::easycore::parallel_runner(pub(super))]
    impl Squares {
        fn producer_init(device: &::easycore::Device) -> String {
            device.to_string()
        }
        fn producer_work(_: &mut String, item: u64) -> Result<u64, ::std::fmt::Error> {
            item.checked_mul(item).ok_or(::std::fmt::Error)
        }
    }
}

fn main() -> Result<(), ::easycore::Error> {
    assert_eq!(hooks::Squares::new(2).run(0..4)?, [0, 1, 4, 9]);
    Ok(())
}
