//! What the examples and tests on libtorch share.
#![cfg(feature = "tch")]

mod net;
mod program;
mod script;

pub use net::net;
pub use program::{devices, exit_code};
pub use script::{Digits, load, shipped_model};
