//! Wires the stages of a run together: devices, pool, source, workers, consumer, report. It has no loop of its own.

use std::fmt;
use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Instant;

use crate::consume::{Ledger, consume};
use crate::control::{Canceller, Control};
use crate::devices::{Devices, IntoDevices};
use crate::error::{Error, ErrorKind};
use crate::gate::Gate;
use crate::hooks::{HookError, Hooks};
use crate::options::{Options, Pinning};
use crate::pace::Pace;
use crate::panic::{Cause, drop_quietly, guard};
use crate::pool::{Crew, pin};
use crate::produce;
use crate::report::Report;
use crate::session::Session;
use crate::source::{Fallible, Input, Plain};
use crate::stream::Stream;
use crate::sync::Mutex;
use crate::worker::Worker;

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
/// Inside a producer hook rayon means the worker's own pool, whose threads are the workers of its device: `par_iter` there
/// is serial while they are busy. Use `install` on a pool of your own where a hook needs more cores. `rayon::broadcast`
/// in a hook never returns, because the other workers are not free to take part.
#[must_use = "a runner does nothing until it is run"]
pub struct Runner<H: Hooks> {
    /// Or what is wrong with what was passed for them.
    devices: Result<Devices, String>,
    config: Arc<H::Config>,
    options: Options,
    crew: Option<Crew>,
    control: Control,
    /// The run of a stream that may have been leaked.
    streaming: Option<Arc<Gate>>,
    report: Option<Report>,
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
    /// [`ErrorKind::Devices`] and [`ErrorKind::Options`] for what was passed to [`new`](Self::new) and
    /// [`options`](Self::options); [`ErrorKind::Threads`] if the system refuses a thread; [`ErrorKind::Init`] if a
    /// `producer_init` fails or panics: the workers that did start are ended, and a later start tries again;
    /// [`ErrorKind::Cancelled`].
    pub fn start(&mut self) -> Result<(), Error> {
        self.begin().map(drop)
    }

    /// Runs the whole job: every item through `producer_work` on some worker, every output through `consumer_work` on
    /// this thread.
    ///
    /// Input is pulled lazily, by the workers themselves, and only while the window has room. Code of yours that is
    /// running cannot be interrupted: on failure and on cancel this returns once the hooks and the `next()` in progress
    /// have returned. After an error the runner is as good as before.
    ///
    /// # Errors
    /// Those of [`start`](Self::start); [`ErrorKind::Work`] for an item that [`OnError`](crate::OnError) does not
    /// tolerate; [`ErrorKind::Consumer`]; [`ErrorKind::Input`] if the iterator panics; [`ErrorKind::Cancelled`].
    ///
    /// # Panics
    /// A panic of a consumer hook unwinds through this call, after the workers have come to rest.
    pub fn run<I>(&mut self, data: I) -> Result<H::Outcome, Error>
    where
        I: IntoIterator<Item = H::Item>,
        I::IntoIter: Send,
    {
        self.run_input(|| Plain(data.into_iter()))
    }

    /// Like [`run`](Self::run), for input that can fail: an `Err` is a failed item, and
    /// [`OnError`](crate::OnError) decides whether the run goes on without it.
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
    /// Those of [`run`](Self::run), and [`ErrorKind::Input`] for an `Err` that is not tolerated.
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub fn try_run<I, E>(&mut self, data: I) -> Result<H::Outcome, Error>
    where
        I: IntoIterator<Item = Result<H::Item, E>>,
        I::IntoIter: Send,
        E: Into<HookError>,
    {
        self.run_input(|| Fallible(data.into_iter()))
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
        let progress = self.begin_run()?;
        let input = open(|| Plain(data.into_iter()))?;
        self.fold(&progress, state, input)
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
        let opened = self.begin_run().and_then(|progress| Ok((progress, open(|| Plain(data.into_iter()))?)));
        let (progress, input) = match opened {
            Ok(opened) => opened,
            Err(error) => return Stream::failed(error),
        };
        let crew = started(self.crew.as_ref());
        let gate = &progress.gate;
        let session = Arc::new(Session::<H, _>::new(&self.config, self.options.on_error, gate, input));
        gate.enter(crew.len());
        self.streaming = Some(Arc::clone(gate));
        let shared = Arc::clone(&session);
        let job: Arc<dyn Fn(&Worker) + Send + Sync> = Arc::new(move |worker| produce::work(&shared, worker));
        crew.spawn(&job);
        let ledger = Ledger::new(H::ORDER, self.options.on_error);
        Stream::new(session, ledger, progress, &mut self.report, &mut self.streaming)
    }

    /// A handle that ends the run in progress, this one or a later one, from any thread.
    #[must_use]
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
    /// [`ErrorKind::End`] for the first `producer_end` that failed or panicked, by worker index; those of states that
    /// were ended earlier because they had seen a panic included.
    pub fn close(&mut self) -> Result<(), Error> {
        self.settle_stream();
        match self.crew.take() {
            Some(crew) => on_every_worker(&crew, |worker| produce::end::<H>(worker, &self.config)),
            None => Ok(()),
        }
    }

    /// What the last run did; `None` before the first.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    fn run_input<I: Input<Item = H::Item>>(&mut self, data: impl FnOnce() -> I) -> Result<H::Outcome, Error> {
        let progress = self.begin_run()?;
        let input = open(data)?;
        let mut state =
            H::consumer_init(&self.config).map_err(|error| consumer_error("consumer_init", error))?;
        self.fold(&progress, &mut state, input)?;
        H::consumer_end(&self.config, state).map_err(|error| consumer_error("consumer_end", error))
    }

    /// Opens a run: whatever becomes of it, the last run's report is gone.
    fn begin_run(&mut self) -> Result<Progress, Error> {
        self.report = Some(Report::default());
        self.begin()
    }

    /// Starts the workers if need be. From here on they can be cancelled.
    fn begin(&mut self) -> Result<Progress, Error> {
        self.settle_stream();
        self.options.check()?;
        let devices = self.devices.as_ref().map_err(|what| Error::new(ErrorKind::Devices, what.clone()))?;
        let workers = self.crew.as_ref().map_or_else(
            || devices.as_slice().len().saturating_mul(self.options.workers_per_device),
            Crew::len,
        );
        let item_size = size_of::<H::Item>().max(size_of::<H::Output>());
        let gate = Arc::new(Gate::new(H::ORDER, Pace::new(&self.options, workers, item_size)));
        let mut progress = Progress::new(gate, &self.control);
        if self.crew.is_none() {
            let crew = Crew::open(H::NAME, devices, &self.options, &self.control)?;
            let pinning = self.options.pin;
            let started = on_every_worker(&crew, |worker| {
                match pinning {
                    Pinning::No => {}
                    Pinning::IfSupported => drop(pin(worker)),
                    Pinning::Always => pin(worker)?,
                }
                produce::start::<H>(worker, &self.config)
            });
            if let Err(error) = started {
                // The cause of the failed start is what the caller has to know.
                let _ = on_every_worker(&crew, |worker| produce::end::<H>(worker, &self.config));
                return Err(error);
            }
            self.crew = Some(crew);
        }
        progress.begun = Instant::now();
        if progress.gate.is_cancelled() { Err(Error::cancelled()) } else { Ok(progress) }
    }

    /// Produces and consumes; the workers are at rest when it returns or unwinds.
    fn fold<I>(&mut self, progress: &Progress, state: &mut H::ConsumerState, input: I) -> Result<(), Error>
    where
        I: Input<Item = H::Item>,
    {
        let crew = started(self.crew.as_ref());
        let session = Session::<H, I>::new(&self.config, self.options.on_error, &progress.gate, input);
        let mut ledger = Ledger::new(H::ORDER, self.options.on_error);
        session.gate.enter(crew.len());
        let panic = crew
            .broadcast(|worker| produce::work(&session, worker), || consume(&session, &mut ledger, state))?;
        let (report, result) = session.close(ledger, progress.begun);
        self.report = Some(report);
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
        result
    }

    /// Stops a stream that was leaked, and waits for it.
    fn settle_stream(&mut self) {
        if let Some(gate) = self.streaming.take() {
            gate.cancel();
            gate.await_rest();
            self.control.end();
        }
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

/// A run that can be cancelled, from its opening to its end.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) gate: Arc<Gate>,
    /// When the workers had been started.
    pub(crate) begun: Instant,
    control: Control,
}

impl Progress {
    fn new(gate: Arc<Gate>, control: &Control) -> Self {
        control.begin(Arc::clone(&gate));
        Self { gate, begun: Instant::now(), control: control.clone() }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.control.end();
    }
}

/// Runs `job` on every worker, and returns the failure of the first that failed, by index.
fn on_every_worker(crew: &Crew, job: impl Fn(&Worker) -> Result<(), Error> + Sync) -> Result<(), Error> {
    let failures = Mutex::new(Vec::new());
    crew.broadcast_always(|worker| {
        if let Err(error) = job(worker) {
            failures.lock().push(error);
        }
    });
    let mut failures = failures.into_inner();
    failures.sort_by_key(|error| std::cmp::Reverse(error.worker()));
    let first = failures.pop();
    failures.into_iter().for_each(drop_quietly);
    first.map_or(Ok(()), Err)
}

/// Makes the input's iterator, which is the caller's code.
fn open<I: Input>(data: impl FnOnce() -> I) -> Result<I, Error> {
    guard(|| Ok(data())).map_err(Error::in_input)
}

fn started(crew: Option<&Crew>) -> &Crew {
    crew.expect("`begin` succeeds only with started workers")
}

fn consumer_error(hook: &'static str, error: HookError) -> Error {
    Error::in_hook(ErrorKind::Consumer, hook, Cause::Error(error))
}
