//! Keywords as names.

#![deny(warnings, clippy::pedantic)]
#![allow(non_camel_case_types, reason = "keywords are in lower case")]

use easycore::parallel_runner;

mod r#mod {
    pub(crate) struct r#struct(pub(crate) u64);
}

#[parallel_runner(pub(crate), config = r#mod::r#struct)]
impl r#type {
    fn r#producer_work(r#fn: &r#mod::r#struct, r#in: u64) -> u64 {
        r#fn.0 + r#in
    }
}

fn main() -> Result<(), easycore::Error> {
    assert_eq!(r#type::new(2, r#mod::r#struct(10)).run(0..3)?, [10, 11, 12]);
    Ok(())
}
