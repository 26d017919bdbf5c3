//! What the examples and tests on libtorch share.
#![cfg(feature = "tch")]

mod net;
pub mod photos;
mod program;
pub mod resnet;
mod script;
pub mod search;
pub mod views;

pub use net::net;
pub use program::{devices, exit_code};
pub use script::{Digits, load, shipped_model};
