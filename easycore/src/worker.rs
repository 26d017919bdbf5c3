//! Who a worker is, as its hooks see it.

use std::fmt;

use crate::control::Control;
use crate::device::Device;

/// A worker's identity: what `producer_init` may take in place of a device.
///
/// Clone it into the producer state where `producer_work` needs it.
///
/// # Example
///
/// ```
/// use easycore::{Worker, parallel_runner};
///
/// #[parallel_runner]
/// impl WhoDidIt {
///     fn producer_init(worker: &Worker) -> Worker {
///         worker.clone()
///     }
///     fn producer_work(worker: &mut Worker, item: u32) -> (u32, usize) {
///         (item, worker.index())
///     }
/// }
///
/// for (item, worker) in WhoDidIt::new(2).run(0..10)? {
///     assert!(item < 10 && worker < 2);
/// }
/// # Ok::<(), easycore::Error>(())
/// ```
#[derive(Clone)]
pub struct Worker {
    index: usize,
    device: Device,
    rank: usize,
    control: Control,
}

impl Worker {
    pub(crate) fn new(index: usize, device: Device, rank: usize, control: Control) -> Self {
        Self { index, device, rank, control }
    }

    /// The worker's number among all workers of the runner, from 0. Workers of one device are numbered in a row.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The device this worker works on.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The worker's number among the workers of its device, from 0.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Whether the run in progress has been cancelled. A hook that takes long may ask now and then, and return early:
    /// its result will be discarded.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.control.is_cancelled()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("index", &self.index)
            .field("device", &self.device)
            .field("rank", &self.rank)
            .finish_non_exhaustive()
    }
}

/// What a hook's device parameter can be made from: implemented for [`Device`], `&Device`, [`Worker`] and `&Worker`.
///
/// Implement it for a type of your own to have `producer_init` take that type.
///
/// # Example
///
/// ```
/// use easycore::{Device, FromWorker, Worker, parallel_runner};
///
/// /// Where a worker keeps its scratch files.
/// struct Scratch(String);
///
/// impl FromWorker<'_> for Scratch {
///     fn from_worker(worker: &Worker) -> Self {
///         Scratch(format!("scratch-{}", worker.index()))
///     }
/// }
///
/// #[parallel_runner]
/// impl Names {
///     fn producer_init(scratch: Scratch) -> String {
///         scratch.0
///     }
///     fn producer_work(name: &mut String, _item: u8) -> String {
///         name.clone()
///     }
/// }
///
/// assert_eq!(Names::new(1).run([7])?, ["scratch-0"]);
/// # Ok::<(), easycore::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`producer_init` cannot take `{Self}`",
    label = "not made from a worker",
    note = "it takes `&Device`, `Device`, `&Worker`, `Worker`, or a type that implements `easycore::FromWorker`"
)]
pub trait FromWorker<'w> {
    /// Makes the parameter for `worker`.
    fn from_worker(worker: &'w Worker) -> Self;
}

#[diagnostic::do_not_recommend]
impl<'w> FromWorker<'w> for &'w Worker {
    fn from_worker(worker: &'w Worker) -> Self {
        worker
    }
}

#[diagnostic::do_not_recommend]
impl FromWorker<'_> for Worker {
    fn from_worker(worker: &Worker) -> Self {
        worker.clone()
    }
}

#[diagnostic::do_not_recommend]
impl<'w> FromWorker<'w> for &'w Device {
    fn from_worker(worker: &'w Worker) -> Self {
        worker.device()
    }
}

#[diagnostic::do_not_recommend]
impl FromWorker<'_> for Device {
    fn from_worker(worker: &Worker) -> Self {
        worker.device().clone()
    }
}
