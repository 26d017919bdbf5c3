//! Devices as the crates that compute on them have them: what a hook takes, and whether the machine has it.

#[cfg(feature = "candle")]
mod candle;
#[cfg(feature = "tch")]
mod launcher;
#[cfg(feature = "tch")]
mod libtorch;
mod message;

pub(crate) use message::without_traces;
