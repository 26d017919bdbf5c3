//! Who a worker is, as its hooks see it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::control::Control;
use crate::device::Device;
use crate::hooks::HookError;
use crate::seed;

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
    place: Place,
    /// The runner's, which all its workers share.
    seed: u64,
    control: Control,
    given_up: Arc<AtomicBool>,
    /// The device as another crate has it, once a hook has asked for it.
    #[cfg(feature = "tch")]
    pub(crate) tch: std::sync::OnceLock<tch::Device>,
    #[cfg(feature = "candle")]
    pub(crate) candle: std::sync::OnceLock<candle_core::Device>,
}

/// Where a worker stands among the others.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) index: usize,
    pub(crate) device: Device,
    pub(crate) rank: usize,
    /// How many workers the runner has.
    pub(crate) among: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "on {} (worker {})", self.device, self.index)
    }
}

impl Worker {
    pub(crate) fn new(place: Place, seed: u64, control: Control, given_up: Arc<AtomicBool>) -> Self {
        Self {
            place,
            seed,
            control,
            given_up,
            #[cfg(feature = "tch")]
            tch: std::sync::OnceLock::new(),
            #[cfg(feature = "candle")]
            candle: std::sync::OnceLock::new(),
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The worker's number among all workers of the runner, from 0. Workers of one device are numbered in a row.
    #[must_use]
    pub fn index(&self) -> usize {
        self.place.index
    }

    /// The device this worker works on.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.place.device
    }

    /// The worker's number among the workers of its device, from 0.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.place.rank
    }

    /// How many workers the runner has, this one included: what the machine's cores or memory are to be divided by.
    ///
    /// ```
    /// use easycore::{Worker, parallel_runner};
    /// use std::thread::available_parallelism;
    ///
    /// #[parallel_runner]
    /// impl Threads {
    ///     fn producer_init(worker: &Worker) -> usize {
    ///         let cores = available_parallelism().map_or(1, usize::from);
    ///         (cores / worker.num_workers()).max(1)
    ///     }
    ///     fn producer_work(threads: &mut usize, _item: u8) -> usize {
    ///         *threads
    ///     }
    /// }
    ///
    /// assert_eq!(Threads::new(1_000).run([7])?, [1]);
    /// # Ok::<(), easycore::Error>(())
    /// ```
    #[must_use]
    pub fn num_workers(&self) -> usize {
        self.place.among
    }

    /// A number to seed this worker's random numbers with. It depends on [`Options::seed`](crate::Options::seed) and the worker's
    /// [`index`](Self::index) alone, and no two workers or items of a runner have the same.
    ///
    /// Which items a worker gets differs from run to run; what is to be the same in every run wants
    /// [`item_seed`](Self::item_seed).
    #[must_use]
    pub fn seed(&self) -> u64 {
        seed::of_worker(self.seed, self.place.index)
    }

    /// A number to seed the random numbers of the item at `index` with. It depends on [`Options::seed`](crate::Options::seed)
    /// and `index` alone, so that outputs are the same whatever the number of workers, and whichever of them works the item.
    ///
    /// It is output number `index`, from 0, of the generator `SplitMix64` (Steele, Lea and Flood 2014) that is started at the first
    /// output of the one started at the runner's seed. A hook learns an item's index where the input is enumerated:
    ///
    /// ```
    /// use easycore::{Options, Worker, parallel_runner};
    ///
    /// /// Adds noise to samples: the same noise in every run.
    /// #[parallel_runner]
    /// impl Noise {
    ///     fn producer_init(worker: &Worker) -> Worker {
    ///         worker.clone()
    ///     }
    ///     fn producer_work(worker: &mut Worker, (index, sample): (usize, u64)) -> u64 {
    ///         sample + worker.item_seed(index) % 10
    ///     }
    /// }
    ///
    /// let samples = [100; 50];
    /// let noisy = |workers: usize| {
    ///     let mut noise = Noise::new(workers).options(Options::new().seed(7));
    ///     noise.run(samples.into_iter().enumerate())
    /// };
    /// assert_eq!(noisy(1)?, noisy(3)?);
    /// # Ok::<(), easycore::Error>(())
    /// ```
    #[must_use]
    pub fn item_seed(&self, index: usize) -> u64 {
        seed::of_item(self.seed, index)
    }

    /// Whether the run in progress has been cancelled, or nobody waits for this worker any more because a hook took longer than
    /// [`Options::init_timeout`](crate::Options::init_timeout) or [`Options::close_timeout`](crate::Options::close_timeout). A
    /// hook that takes long may ask now and then, and return early: its result will be discarded.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.given_up.load(Ordering::Relaxed) || self.control.is_cancelled()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("index", &self.place.index)
            .field("device", &self.place.device)
            .field("rank", &self.place.rank)
            .finish_non_exhaustive()
    }
}

/// What a hook's device parameter can be made from: implemented for [`Device`], `&Device`, [`Worker`] and `&Worker`; with
/// the feature `tch` also for [`tch::Device`](https://docs.rs/tch) and a reference to it, and with `candle` for
/// [`candle_core::Device`](https://docs.rs/candle-core).
///
/// Implement it for a type of your own to have `producer_init` take that type.
///
/// # Example
///
/// ```
/// use easycore::{FromWorker, HookError, Worker, parallel_runner};
///
/// /// Where a worker keeps its scratch files.
/// struct Scratch(String);
///
/// impl FromWorker<'_> for Scratch {
///     fn from_worker(worker: &Worker) -> Result<Self, HookError> {
///         if worker.index() > 99 {
///             return Err("there are scratch folders for 100 workers".into());
///         }
///         Ok(Scratch(format!("scratch-{}", worker.index())))
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
    note = "it takes `&Device`, `Device`, `&Worker`, `Worker`, or a type that implements `easycore::FromWorker`; with easycore's features `tch` and `candle` also their devices"
)]
pub trait FromWorker<'w>: Sized {
    /// Makes the parameter for `worker`, on its thread.
    ///
    /// # Errors
    /// Whatever keeps the worker from working where it is: what `producer_init` would fail with.
    fn from_worker(worker: &'w Worker) -> Result<Self, HookError>;
}

#[diagnostic::do_not_recommend]
impl<'w> FromWorker<'w> for &'w Worker {
    fn from_worker(worker: &'w Worker) -> Result<Self, HookError> {
        Ok(worker)
    }
}

#[diagnostic::do_not_recommend]
impl FromWorker<'_> for Worker {
    fn from_worker(worker: &Worker) -> Result<Self, HookError> {
        Ok(worker.clone())
    }
}

#[diagnostic::do_not_recommend]
impl<'w> FromWorker<'w> for &'w Device {
    fn from_worker(worker: &'w Worker) -> Result<Self, HookError> {
        Ok(worker.device())
    }
}

#[diagnostic::do_not_recommend]
impl FromWorker<'_> for Device {
    fn from_worker(worker: &Worker) -> Result<Self, HookError> {
        Ok(worker.device().clone())
    }
}
