//! How a runner may be tuned. Values only; what they do lives where they are read.

mod check;
mod chunk;
mod on_error;
mod pinning;

use std::time::Duration;

#[cfg(doc)]
use crate::error::ErrorKind;
use crate::failed::{FailedItem, Listener};

pub use chunk::Chunk;
pub use on_error::OnError;
pub use pinning::Pinning;

/// Tuning of a runner; the defaults suit most jobs.
///
/// # Example
///
/// ```
/// use easycore::{OnError, Options, parallel_runner};
///
/// #[parallel_runner]
/// impl Parse {
///     fn producer_work(text: &'static str) -> Result<i32, std::num::ParseIntError> {
///         text.parse()
///     }
/// }
///
/// let mut parse = Parse::new(2).options(Options::new().workers_per_device(2).on_error(OnError::skip(1)));
/// assert_eq!(parse.run(["1", "two", "3"])?, [1, 3]);
/// assert_eq!(parse.report().unwrap().skipped(), 1);
/// # Ok::<(), easycore::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    pub(crate) queue_scale: f64,
    pub(crate) window: Option<usize>,
    pub(crate) chunk: Chunk,
    pub(crate) workers_per_device: usize,
    pub(crate) pin: Pinning,
    pub(crate) on_error: OnError,
    pub(crate) on_failure: Option<Listener>,
    pub(crate) recycle_after: Option<usize>,
    pub(crate) restarts: (usize, Duration),
    pub(crate) min_devices: Option<usize>,
    pub(crate) seed: u64,
    pub(crate) init_timeout: Option<Duration>,
    pub(crate) close_timeout: Option<Duration>,
    pub(crate) stall_warning: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// The defaults: a queue scale of 3.0, no explicit window, automatic chunks, one worker for each listed device,
    /// no pinning, a run that ends at its first failing item or lost device, 0 as seed, no limit to any wait, and no warnings.
    #[must_use]
    pub fn new() -> Self {
        Self {
            queue_scale: 3.0,
            window: None,
            chunk: Chunk::Auto,
            workers_per_device: 1,
            pin: Pinning::No,
            on_error: OnError::stop(),
            on_failure: None,
            recycle_after: None,
            restarts: (3, Duration::from_mins(1)),
            min_devices: None,
            seed: 0,
            init_timeout: None,
            close_timeout: None,
            stall_warning: None,
        }
    }

    /// At least how many chunks are in flight for each worker, counted from being pulled to being consumed. Above 0.
    ///
    /// The window is this or about 10 ms of work for each worker, whichever is more. In an ordered run over several devices it also has
    /// room for what the faster ones get done while the slowest has a chunk, up to 64 times as many, so that they need not wait for
    /// it. It is at most 524,288 items if any of them or of their outputs are kept.
    #[must_use]
    pub fn queue_scale(mut self, chunks: f64) -> Self {
        self.queue_scale = chunks;
        self
    }

    /// Exactly how many items may be pulled and not yet consumed, at least 1; it takes the place of the automatic
    /// window. Set it where items are large: `window × (size of an item + size of an output)` bounds their memory. Items of
    /// 10 ms and more need only a few for each worker; with shorter ones leave room for some 10 ms of work, because the
    /// consumer may be scheduled that late where it shares a core with a worker; and in an ordered run for what a fast device gets done
    /// while a slow one is at an item: a GPU that is 40 times as fast as the processor beside it waits for it most of the time if the
    /// window is 6.
    #[must_use]
    pub fn window(mut self, items: usize) -> Self {
        self.window = Some(items);
        self
    }

    /// How many items a worker takes at a time.
    #[must_use]
    pub fn chunk(mut self, chunk: Chunk) -> Self {
        self.chunk = chunk;
        self
    }

    /// How many workers each listed device gets, at least 1. Takes effect when the workers are next started.
    #[must_use]
    pub fn workers_per_device(mut self, workers: usize) -> Self {
        self.workers_per_device = workers;
        self
    }

    /// Whether worker threads are bound to cores. Takes effect when the workers are next started.
    #[must_use]
    pub fn pin(mut self, pin: Pinning) -> Self {
        self.pin = pin;
        self
    }

    /// What a failing item does to the run.
    #[must_use]
    pub fn on_error(mut self, policy: OnError) -> Self {
        self.on_error = policy;
        self
    }

    /// Has `listener` see every item, or batch, that failed for good, as the run judges it: those that are skipped, the one
    /// that ends the run, and those that fail after it; `Err` items of `try_run`, and items that `consumer_work` fails on,
    /// among them. In ordered mode they come in input order.
    ///
    /// It is called on the caller's thread, or the one that pulls the [`Stream`](crate::Stream), and the consumer waits for
    /// it. It learns the item's index; the item itself went into `producer_work`, whose error may tell what it was. So a file of
    /// what is left to be done later is one line:
    ///
    /// ```
    /// use std::fs::File;
    /// use std::io::Write as _;
    /// use easycore::{OnError, Options, parallel_runner};
    ///
    /// #[parallel_runner]
    /// impl Parse {
    ///     fn producer_work(text: &'static str) -> Result<i32, std::num::ParseIntError> {
    ///         text.parse()
    ///     }
    /// }
    ///
    /// # let folder = std::env::temp_dir().join(format!("easycore-on-failure-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// let path = folder.join("failed.txt");
    /// let file = File::create(&path)?;
    /// let options = Options::new()
    ///     .on_error(OnError::skip(10))
    ///     .on_failure(move |failed| writeln!(&file, "{failed}").unwrap_or_default());
    /// assert_eq!(Parse::new(1).options(options).run(["1", "two", "3"])?, [1, 3]);
    /// assert_eq!(
    ///     std::fs::read_to_string(&path)?,
    ///     "producer_work failed at item 1 on cpu (worker 0): invalid digit found in string\n"
    /// );
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A panic of it is like one of a consumer hook: it ends the run and unwinds through it once the workers have come to
    /// rest, and it is called no more; one while a stream is being dropped ends there. A panic of `consumer_work` itself is
    /// not shown to it. Options that tell different listeners are not equal.
    #[must_use]
    pub fn on_failure(mut self, listener: impl Fn(&FailedItem) + Send + Sync + 'static) -> Self {
        self.on_failure = Some(Listener::new(listener));
        self
    }

    /// Ends each worker's state with `producer_end` and makes it anew when it has worked so many items, at least 1: for states
    /// that leak. A batch is worked whole.
    ///
    /// ```
    /// use easycore::{Options, parallel_runner};
    ///
    /// /// Tells how many items its state had seen before.
    /// #[parallel_runner]
    /// impl Ages {
    ///     fn producer_init() -> usize {
    ///         0
    ///     }
    ///     fn producer_work(seen: &mut usize, _item: u8) -> usize {
    ///         *seen += 1;
    ///         *seen - 1
    ///     }
    /// }
    ///
    /// let mut ages = Ages::new(1).options(Options::new().recycle_after(2));
    /// assert_eq!(ages.run([0; 5])?, [0, 1, 0, 1, 0]);
    /// # Ok::<(), easycore::Error>(())
    /// ```
    #[must_use]
    pub fn recycle_after(mut self, items: usize) -> Self {
        self.recycle_after = Some(items);
        self
    }

    /// How often, and `within` which time, a worker may be made anew after a panic without working an item between one panic and
    /// the next: one more, and its device is given up with [`ErrorKind::DeviceLost`]. 3 times in 60 s unless said otherwise. A
    /// device that is broken would otherwise go through the whole input, item by item, where [`on_error`](Self::on_error)
    /// tolerates that many failures.
    ///
    /// Attempts at one and the same item count once, and workers without `producer_init` have nothing to be made. Only panics
    /// count: an error that is returned says something of the item, and leaves the state as it is. Where it says something of the
    /// device, as a GPU's that has gone, have the hook panic with it.
    #[must_use]
    pub fn restarts(mut self, max: usize, within: Duration) -> Self {
        self.restarts = (max, within);
        self
    }

    /// Goes on without devices that are given up, as long as so many are left, at least 1. A device is given up for the rest of a
    /// run when a `producer_init` on it fails, or when its workers have to be made anew more often than
    /// [`restarts`](Self::restarts) allows; what they could not work is worked by the others. The report
    /// [lists](crate::Report::lost_devices) such devices. The next run tries them again.
    ///
    /// The item at which a worker panics has failed all the same: without [`on_error`](Self::on_error), or `retries`, it ends the
    /// run before a device can be given up.
    ///
    /// A device is a name: `"cpu, cuda:0, cuda:0"` has two. [`start`](crate::Runner::start) succeeds without those on which it
    /// could not make a state; the first run then does without them, and lists them. A `producer_init`
    /// that is over its [`init_timeout`](Self::init_timeout) fails the start all the same.
    ///
    /// ```
    /// use easycore::{Device, Options, parallel_runner};
    ///
    /// #[parallel_runner]
    /// impl Double {
    ///     fn producer_init(device: &Device) -> Result<(), &'static str> {
    ///         if *device == Device::Cuda(1) { Err("out of memory") } else { Ok(()) }
    ///     }
    ///     fn producer_work(_: &mut (), item: u32) -> u32 {
    ///         2 * item
    ///     }
    /// }
    ///
    /// let mut double = Double::new("cuda:0, cuda:1").options(Options::new().min_devices(1));
    /// assert_eq!(double.run(0..1_000)?.len(), 1_000);
    /// # Ok::<(), easycore::Error>(())
    /// ```
    #[must_use]
    pub fn min_devices(mut self, devices: usize) -> Self {
        self.min_devices = Some(devices);
        self
    }

    /// What [`Worker::seed`](crate::Worker::seed) and [`Worker::item_seed`](crate::Worker::item_seed) are made from; any number
    /// is as good as another. Takes effect when the workers are next started.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How long `producer_init` may take at a start, above 0; without it, a start waits for as long as it takes. One that makes a
    /// state anew in the middle of a run has no limit, and is a matter of [`stall_warning`](Self::stall_warning).
    ///
    /// When the limit is over, `start` or `run` fails with [`ErrorKind::Timeout`], which names the first worker that is late, or
    /// with what another one has failed with by then. A
    /// thread cannot be stopped from outside: a late one is left behind until its hook returns. If it made a state after
    /// all, the thread ends that state at once, by `producer_end`, and then itself. The workers that were in time are ended,
    /// and waited for as long as [`close_timeout`](Self::close_timeout) allows, or as long again as this limit. The next start makes
    /// new workers. A hook that takes long can ask [`Worker::is_cancelled`](crate::Worker::is_cancelled).
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    /// use easycore::{ErrorKind, HookError, Options, parallel_runner};
    ///
    /// #[parallel_runner]
    /// impl Remote {
    ///     fn producer_init() -> Result<u32, HookError> {
    ///         let (_answering, answer) = mpsc::channel();
    ///         Ok(answer.recv()?) // from somebody who never answers
    ///     }
    ///     fn producer_work(port: &mut u32, item: u32) -> u32 {
    ///         *port + item
    ///     }
    /// }
    ///
    /// let mut remote = Remote::new(1).options(Options::new().init_timeout(Duration::from_millis(50)));
    /// let error = remote.start().unwrap_err();
    /// assert_eq!((error.kind(), error.hook()), (ErrorKind::Timeout, Some("producer_init")));
    /// ```
    #[must_use]
    pub fn init_timeout(mut self, limit: Duration) -> Self {
        self.init_timeout = Some(limit);
        self
    }

    /// How long [`close`](crate::Runner::close) and the runner's drop may wait, above 0: for `producer_end` on every worker, and
    /// before that, if a [`Stream`](crate::Stream) was leaked, as long again for its hooks and its input to return. Without it
    /// they wait for as long as it takes.
    ///
    /// When the limit is over, `close` fails with [`ErrorKind::Timeout`], which names the first worker that is late; a drop just
    /// returns. A thread cannot be stopped from outside: a late one is left behind until its call returns. It then ends its
    /// state, if that is still to be done, and itself. The runner is closed all the same, and can be started anew.
    #[must_use]
    pub fn close_timeout(mut self, limit: Duration) -> Self {
        self.close_timeout = Some(limit);
        self
    }

    /// Warns when the consumer has been waiting, and nothing has been finished, for so long, above 0: one line on standard error
    /// that names the runner, and the items at work with their devices and workers or, if that is what everybody waits for, the
    /// input's `next()`. There is no second line before something has been finished. [`Stream`](crate::Stream)s warn while their
    /// `next()` waits. A start is watched by [`init_timeout`](Self::init_timeout).
    ///
    /// ```text
    /// easycore: warning: predictor has finished nothing in 30s: item 17 on cuda:1 (worker 3)
    /// easycore: warning: predictor has finished nothing in 30s: one of items 512 to 767 on cpu (worker 0)
    /// easycore: warning: predictor has finished nothing in 30s: the input's next() on cpu (worker 1)
    /// ```
    ///
    /// The run itself goes on: a thread cannot be stopped from outside. Give what the hook waits for, a socket or a lock, a time
    /// limit of its own, or have it ask [`Worker::is_cancelled`](crate::Worker::is_cancelled) while it waits and cancel the run.
    /// To learn the very item, use [`Chunk::Exactly(1)`](Chunk::Exactly). A debugger or a sampling profiler shows where the thread
    /// stands: it is called like the runner, its device and the worker's number on that device.
    #[must_use]
    pub fn stall_warning(mut self, quiet: Duration) -> Self {
        self.stall_warning = Some(quiet);
        self
    }
}
