//! What the examples and tests on libtorch share.

#[cfg(feature = "tch")]
pub mod photos;
#[cfg(feature = "tch")]
pub mod resnet;
#[cfg(feature = "tch")]
pub mod search;
#[cfg(feature = "tch")]
pub mod views;
