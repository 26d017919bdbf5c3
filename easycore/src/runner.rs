//! The runner as its users see it; what a run consists of is in `drive.rs`.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator};

use crate::control::{Canceller, Control};
use crate::devices::{Devices, IntoDevices};
use crate::drive::{feed, open};
use crate::error::Error;
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::fed::Fed;
use crate::gate::Gate;
use crate::hooks::{HookError, Hooks, MergeHooks};
use crate::iterated::{Fallible, Iterated, Plain};
use crate::merging::Merging;
use crate::options::Options;
use crate::panic::{Quiet, drop_quietly};
use crate::placement::AtCaller;
use crate::pool::Crew;
use crate::report::Report;
use crate::stream::Stream;

/// Runs [`Hooks`] over an input: what every type made by [`parallel_runner`](macro@crate::parallel_runner) forwards to.
///
/// Making one starts nothing. The first [`run`](Self::run), or [`start`](Self::start), makes the workers, which stay
/// warm from run to run until [`close`](Self::close) or drop.
///
/// What the hooks borrow must outlive the runner, because the runner's type holds the lifetime:
///
/// ```compile_fail,E0597
/// use easycore::parallel_runner;
///
/// #[parallel_runner]
/// impl<'a> Lengths<'a> {
///     fn producer_work(line: &'a str) -> usize {
///         line.len()
///     }
/// }
///
/// let mut lengths = Lengths::new(2); // made before the text, so dropped after it
/// let text = String::from("one\ntwo");
/// let _ = lengths.run(text.lines());
/// ```
///
/// # Example
///
/// ```
/// use easycore::parallel_runner;
///
/// #[parallel_runner(unordered)]
/// impl SumOfSquares {
///     fn producer_work(item: u64) -> u64 {
///         item * item
///     }
///     fn consumer_init() -> u64 {
///         0
///     }
///     fn consumer_work(sum: &mut u64, square: u64) {
///         *sum += square;
///     }
/// }
///
/// let mut runner = SumOfSquares::new(3);
/// runner.start()?; // or leave it to the first run
/// assert_eq!(runner.run(0..100)?, 328_350);
/// assert!(runner.is_active());
/// runner.close()?; // or drop it
/// assert_eq!(runner.run(0..10)?, 285); // starts again
/// # Ok::<(), easycore::Error>(())
/// ```
///
/// # Hooks that use rayon
/// Inside a producer hook rayon means the worker's own pool, whose threads are the workers of its device: `par_iter`, `join` and
/// `scope` there are serial while they are busy. Use `install` on a pool of your own where a hook needs more cores.
///
/// What waits in a hook for a thread that is not free never returns: `rayon::broadcast`, which needs all workers; a channel or a
/// lock that something passed to `rayon::spawn` is to serve, because it runs when the workers have nothing else to do; `install`
/// on a pool whose only thread has called [`run`](Self::run), in a hook as in the input.
///
/// # Async programs
/// [`run`](Self::run), [`start`](Self::start), [`close`](Self::close) and the drop block: call them inside of
/// `tokio::task::spawn_blocking` or on a thread of your own. A hook may wait for a future by a runtime's `Handle::block_on`, as
/// long as the runtime's own threads are not blocked by the run.
///
/// # Forks
/// A process that was forked from this one has a copy of the runner, but not its threads. There, whatever would use them fails
/// with [`ErrorKind::Threads`], and a drop leaves the states, which are the parent's, alone. Make the runner after the fork, or
/// start it only then; [`close`](Self::close), though it fails, makes it forget the threads, so that it can be started.
#[must_use = "a runner does nothing until it is run"]
pub struct Runner<H: Hooks> {
    /// Or what is wrong with what was passed for them.
    pub(crate) devices: Result<Devices, String>,
    pub(crate) config: Arc<H::Config>,
    pub(crate) options: Options,
    pub(crate) crew: Option<Crew>,
    pub(crate) control: Control,
    /// The run of a stream that may have been leaked.
    pub(crate) streaming: Option<Arc<Gate>>,
    pub(crate) report: Option<Report>,
    hooks: PhantomData<fn() -> H>,
}

impl<H: Hooks> Runner<H> {
    /// Makes a runner on `devices` with the hooks' `config`. Starts nothing and never fails: what is wrong with the
    /// devices is told by [`start`](Self::start) or [`run`](Self::run).
    pub fn new(devices: impl IntoDevices, config: H::Config) -> Self {
        Self {
            devices: devices.into_devices().map_err(|error| error.to_string()),
            config: Arc::new(config),
            options: Options::new(),
            crew: None,
            control: Control::default(),
            streaming: None,
            report: None,
            hooks: PhantomData,
        }
    }

    /// Replaces the tuning. What concerns the making of workers takes effect when they are next started.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Makes the workers and runs `producer_init` on each, unless they are there already. [`run`](Self::run) does it
    /// when needed.
    ///
    /// # Errors
    /// [`ErrorKind::Devices`](crate::ErrorKind::Devices) and [`ErrorKind::Options`](crate::ErrorKind::Options) for what was passed to [`new`](Self::new) and
    /// [`options`](Self::options); [`ErrorKind::Threads`](crate::ErrorKind::Threads) if the system refuses a thread; [`ErrorKind::Init`](crate::ErrorKind::Init) if a
    /// `producer_init` fails or panics, and [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if one takes longer than
    /// [`Options::init_timeout`]: the workers that did start are ended, and a later start tries again;
    /// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled).
    pub fn start(&mut self) -> Result<(), Error> {
        self.begin(0, None).map(drop)
    }

    /// Runs the whole job: every item through `producer_work` on some worker, every output through `consumer_work` on
    /// this thread.
    ///
    /// Input is pulled lazily, by the workers themselves, and only while the window has room. Code of yours that is
    /// running cannot be interrupted: on failure and on cancel this returns once the hooks and the `next()` in progress
    /// have returned. After an error the runner is as good as before.
    ///
    /// # Errors
    /// Those of [`start`](Self::start); [`ErrorKind::Work`](crate::ErrorKind::Work) for an item that [`OnError`](crate::OnError) does not
    /// tolerate; [`ErrorKind::Consumer`](crate::ErrorKind::Consumer); [`ErrorKind::Input`](crate::ErrorKind::Input) if the iterator panics; [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled).
    ///
    /// # Panics
    /// A panic of a consumer hook unwinds through this call, after the workers have come to rest.
    pub fn run<I>(&mut self, data: I) -> Result<H::Outcome, Error>
    where
        I: IntoIterator<Item = H::Item>,
        I::IntoIter: Send,
    {
        self.run_input::<_, AtCaller>(|| Plain(data.into_iter()))
    }

    /// Like [`run`](Self::run), for input that can fail: an `Err` is a failed item, and
    /// [`OnError`](crate::OnError) decides whether the run goes on without it. So one runner's [`stream`](Self::stream) can
    /// be the next one's input; the error that ends the stream ends this run, too, whatever is tolerated.
    ///
    /// ```
    /// use std::io::{BufRead, Cursor};
    /// use easycore::{ErrorKind, parallel_runner};
    ///
    /// #[parallel_runner]
    /// impl Lengths {
    ///     fn producer_work(line: String) -> usize {
    ///         line.len()
    ///     }
    /// }
    ///
    /// let mut lengths = Lengths::new(2);
    /// assert_eq!(lengths.try_run(Cursor::new("one\nthree").lines())?, [3, 5]);
    ///
    /// let error = lengths.try_run(Cursor::new(b"one\n\xff").lines()).unwrap_err();
    /// assert_eq!((error.kind(), error.item()), (ErrorKind::Input, Some(1)));
    /// # Ok::<(), easycore::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`run`](Self::run), and [`ErrorKind::Input`](crate::ErrorKind::Input) for an `Err` that is not tolerated.
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub fn try_run<I, E>(&mut self, data: I) -> Result<H::Outcome, Error>
    where
        I: IntoIterator<Item = Result<H::Item, E>>,
        I::IntoIter: Send,
        E: Into<HookError>,
    {
        self.run_input::<_, AtCaller>(|| Fallible(data.into_iter()))
    }

    /// Like [`run`](Self::run), for input that can be split: a slice, a vector, a range of `usize` or of up to 32 bits, or any other
    /// of rayon's indexed parallel iterators. Workers claim whole parts of it and iterate over them by themselves, so that nothing is pulled
    /// item by item. Order, window and errors are as ever; what is mapped onto the iterator runs on the workers, and a
    /// panic there is a failed item.
    ///
    /// ```
    /// use easycore::parallel_runner;
    ///
    /// #[parallel_runner]
    /// impl<'a> Lengths<'a> {
    ///     fn producer_work(word: &'a String) -> usize {
    ///         word.len()
    ///     }
    /// }
    ///
    /// let words: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
    /// let lengths = Lengths::new(2).run_indexed(&words)?;
    /// assert_eq!(lengths.iter().sum::<usize>(), 10 + 2 * 90 + 3 * 900);
    /// # Ok::<(), easycore::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub fn run_indexed<I>(&mut self, data: I) -> Result<H::Outcome, Error>
    where
        I: IntoParallelIterator<Item = H::Item>,
        I::Iter: IndexedParallelIterator,
    {
        self.run_split::<_, AtCaller>(data)
    }

    /// Folds into a consumer state of the caller's: no `consumer_init`, no `consumer_end`. After an error everything
    /// that was consumed is in it.
    ///
    /// ```
    /// use easycore::parallel_runner;
    ///
    /// #[parallel_runner]
    /// impl Parse {
    ///     fn producer_work(text: &'static str) -> Result<i32, std::num::ParseIntError> {
    ///         text.parse()
    ///     }
    /// }
    ///
    /// let mut numbers = vec![0];
    /// assert!(Parse::new(2).run_into(&mut numbers, ["1", "2", "three", "4"]).is_err());
    /// assert_eq!(numbers, [0, 1, 2]);
    /// ```
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub fn run_into<I>(&mut self, state: &mut H::ConsumerState, data: I) -> Result<(), Error>
    where
        I: IntoIterator<Item = H::Item>,
        I::IntoIter: Send,
    {
        self.run_input_into::<_, AtCaller>(state, || Plain(data.into_iter()))
    }

    /// Hands the outputs out one by one, in place of the consumer hooks. The workers work ahead as far as the window
    /// allows. Dropping the stream cancels the run and waits for the hooks and the `next()` in progress; a stream that is
    /// leaked is stopped by the next use of the runner.
    ///
    /// What prevents the start is the stream's only item. [`Stream`] has an example.
    pub fn stream<I>(&mut self, data: I) -> Stream<'_, H::Output>
    where
        H: 'static,
        I: IntoIterator<Item = H::Item>,
        I::IntoIter: Send + 'static,
    {
        let data = Quiet::new(data);
        let buffered = size_of::<H::Item>().max(size_of::<H::Output>());
        let opened = self
            .begin_run(buffered, feed::<H>())
            .and_then(|progress| Ok((progress, open(|| Plain(data.into_inner().into_iter()))?)));
        match opened {
            Ok((progress, input)) if feed::<H>().is_some() => self.stream_source(progress, Fed::new(input)),
            Ok((progress, input)) => self.stream_source(progress, Iterated::new(input)),
            Err(error) => Stream::failed(error),
        }
    }

    /// A handle that ends the run in progress, this one or a later one, from any thread.
    pub fn canceller(&self) -> Canceller {
        Canceller::new(self.control.clone())
    }

    /// Whether the workers have been started and not yet closed.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.crew.is_some()
    }

    /// Runs `producer_end` on every worker, waits for all of them and ends their threads. Dropping the runner does the
    /// same and swallows errors; a run after this starts the workers again.
    ///
    /// # Errors
    /// [`ErrorKind::End`](crate::ErrorKind::End) for the first `producer_end` that failed or panicked, by worker index; those of states that
    /// were ended earlier because they had seen a panic included. [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if one
    /// takes longer than [`Options::close_timeout`].
    pub fn close(&mut self) -> Result<(), Error> {
        self.end_shift()
    }

    /// What the last run did; `None` before the first, and after a [`Stream`] that was leaked.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }
}

impl<H: MergeHooks> Runner<H> {
    /// The same runner with consumption on the workers; see [`MergeHooks`].
    pub fn merging(&mut self) -> Merging<'_, H> {
        Merging(self)
    }
}

impl<H: Hooks> Drop for Runner<H> {
    fn drop(&mut self) {
        drop_quietly(self.close());
    }
}

impl<H: Hooks> fmt::Debug for Runner<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("name", &H::NAME)
            .field("order", &H::ORDER)
            .field("devices", &self.devices)
            .field("options", &self.options)
            .field("is_active", &self.is_active())
            .finish_non_exhaustive()
    }
}
