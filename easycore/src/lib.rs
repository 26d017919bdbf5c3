//! Documentation to come.
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod consume;
mod control;
mod device;
mod devices;
mod error;
mod gate;
mod hooks;
mod inbox;
mod options;
mod pace;
mod panic;
mod pool;
mod produce;
mod reorder;
mod report;
mod runner;
mod session;
mod source;
mod stream;
mod sync;
mod worker;

pub use control::Canceller;
pub use device::Device;
pub use devices::{Devices, IntoDevices};
//pub use easycore_macros::parallel_runner;
pub use error::{Error, ErrorKind};
pub use hooks::{HookError, Hooks, Order};
pub use options::{Chunk, OnError, Options, Pinning};
pub use panic::Panic;
pub use report::{Report, Skipped, WorkerReport};
pub use runner::Runner;
pub use stream::Stream;
pub use worker::{FromWorker, Worker};
