//! What the tests share: a runner whose hooks are closures, books that are kept of every producer state, a watchdog that
//! turns a hang into a named failure, and values that misbehave on purpose. No test stands here.

use std::fmt;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use easycore::{Batch, HookError, Hooks, MergeHooks, Order, Report, Runner, Worker};

mod books;
mod faults;
mod outcome;
mod ways;

pub use books::{Books, Seat};
pub use faults::{INJECTED, linger, options, silence_injected_panics};
pub use outcome::{Accounts, Ended};
pub use ways::{Shape, Way};

/// Far longer than anything here takes, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What a fallible hook of a test returns.
pub type Fallible<T> = Result<T, HookError>;

type InitHook = Box<dyn Fn(&Worker) -> Fallible<()> + Send + Sync>;
type WorkHook<T, O> = Box<dyn Fn(&mut Seat, T) -> Fallible<O> + Send + Sync>;
type EndHook = Box<dyn Fn(&Seat) -> Fallible<()> + Send + Sync>;
type BeginHook = Box<dyn Fn() -> Fallible<()> + Send + Sync>;
type ConsumeHook<O> = Box<dyn Fn(&mut Vec<O>, O) -> Fallible<ControlFlow<()>> + Send + Sync>;
type MergeHook<O> = Box<dyn Fn(&Vec<O>) -> Fallible<()> + Send + Sync>;
type FinishHook<O> = Box<dyn Fn(&Vec<O>) -> Fallible<()> + Send + Sync>;

/// The hooks of a [`Job`], as closures. Those that are not set do nothing, and the consumer collects.
pub struct Plan<T, O> {
    books: Arc<Books>,
    init: InitHook,
    work: WorkHook<T, O>,
    end: EndHook,
    begin: BeginHook,
    consume: ConsumeHook<O>,
    merge: MergeHook<O>,
    finish: FinishHook<O>,
}

impl<T, O> fmt::Debug for Plan<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("books", &self.books).finish_non_exhaustive()
    }
}

impl<T, O> Plan<T, O> {
    /// Hooks of which only `producer_work` does something.
    pub fn new(work: impl Fn(&mut Seat, T) -> Fallible<O> + Send + Sync + 'static) -> Self {
        Self {
            books: Arc::default(),
            init: Box::new(|_| Ok(())),
            work: Box::new(work),
            end: Box::new(|_| Ok(())),
            begin: Box::new(|| Ok(())),
            consume: Box::new(|outputs, output| {
                outputs.push(output);
                Ok(ControlFlow::Continue(()))
            }),
            merge: Box::new(|_| Ok(())),
            finish: Box::new(|_| Ok(())),
        }
    }

    /// Adds to `producer_init`.
    #[must_use]
    pub fn init(mut self, hook: impl Fn(&Worker) -> Fallible<()> + Send + Sync + 'static) -> Self {
        self.init = Box::new(hook);
        self
    }

    /// Adds to `producer_end`.
    #[must_use]
    pub fn end(mut self, hook: impl Fn(&Seat) -> Fallible<()> + Send + Sync + 'static) -> Self {
        self.end = Box::new(hook);
        self
    }

    /// Adds to `consumer_init`.
    #[must_use]
    pub fn begin(mut self, hook: impl Fn() -> Fallible<()> + Send + Sync + 'static) -> Self {
        self.begin = Box::new(hook);
        self
    }

    /// Replaces `consumer_work`.
    #[must_use]
    pub fn consume(
        mut self,
        hook: impl Fn(&mut Vec<O>, O) -> Fallible<ControlFlow<()>> + Send + Sync + 'static,
    ) -> Self {
        self.consume = Box::new(hook);
        self
    }

    /// Adds to `consumer_merge`, which is shown the state that is merged into the other.
    #[must_use]
    pub fn merge(mut self, hook: impl Fn(&Vec<O>) -> Fallible<()> + Send + Sync + 'static) -> Self {
        self.merge = Box::new(hook);
        self
    }

    /// Adds to `consumer_end`.
    #[must_use]
    pub fn finish(mut self, hook: impl Fn(&Vec<O>) -> Fallible<()> + Send + Sync + 'static) -> Self {
        self.finish = Box::new(hook);
        self
    }

    /// The books that the runner's states will be kept in.
    #[must_use]
    pub fn books(&self) -> Arc<Books> {
        Arc::clone(&self.books)
    }
}

/// Hooks that follow a [`Plan`], in batches of `BATCH` unless that is 0, which go out after `DELAY` microseconds unless
/// that is 0.
#[derive(Debug)]
pub struct Job<T, O, const ORDERED: bool, const BATCH: usize = 0, const DELAY: u64 = 0>(
    PhantomData<fn(T) -> O>,
);

impl<T, O, const ORDERED: bool, const BATCH: usize, const DELAY: u64> Hooks
    for Job<T, O, ORDERED, BATCH, DELAY>
where
    T: Send + 'static,
    O: Send + 'static,
{
    const NAME: &'static str = "job";
    const ORDER: Order = if ORDERED { Order::Ordered } else { Order::Unordered };
    const BATCH: Option<Batch> = match (BATCH, DELAY) {
        (0, _) => None,
        (max, 0) => Some(Batch::new(max)),
        (max, delay) => Some(Batch::new(max).delay(Duration::from_micros(delay))),
    };
    type Config = Plan<T, O>;
    type Item = T;
    type Output = O;
    type ProducerState = Seat;
    type ConsumerState = Vec<O>;
    type Outcome = Vec<O>;

    fn producer_init(worker: &Worker, plan: &Plan<T, O>) -> Fallible<Seat> {
        (plan.init)(worker)?;
        Ok(plan.books.open(worker))
    }

    fn producer_work(plan: &Plan<T, O>, seat: &mut Seat, item: T) -> Fallible<O> {
        plan.books.check(seat, "producer_work");
        seat.at_work = true;
        let output = (plan.work)(seat, item);
        seat.at_work = false;
        output
    }

    fn producer_end(plan: &Plan<T, O>, seat: Seat) -> Fallible<()> {
        plan.books.close(&seat);
        (plan.end)(&seat)
    }

    fn consumer_init(plan: &Plan<T, O>) -> Fallible<Vec<O>> {
        (plan.begin)()?;
        Ok(Vec::new())
    }

    fn consumer_work(plan: &Plan<T, O>, outputs: &mut Vec<O>, output: O) -> Fallible<ControlFlow<()>> {
        (plan.consume)(outputs, output)
    }

    fn consumer_end(plan: &Plan<T, O>, outputs: Vec<O>) -> Fallible<Vec<O>> {
        (plan.finish)(&outputs)?;
        Ok(outputs)
    }
}

impl<T, O, const ORDERED: bool, const BATCH: usize, const DELAY: u64> MergeHooks
    for Job<T, O, ORDERED, BATCH, DELAY>
where
    T: Send + 'static,
    O: Send + 'static,
{
    fn consumer_merge(plan: &Plan<T, O>, into: &mut Vec<O>, mut from: Vec<O>) -> Fallible<()> {
        (plan.merge)(&from)?;
        into.append(&mut from);
        Ok(())
    }
}

/// A runner of a [`Plan`].
pub type JobRunner<T, O, const ORDERED: bool, const BATCH: usize = 0, const DELAY: u64 = 0> =
    Runner<Job<T, O, ORDERED, BATCH, DELAY>>;

/// A plan that passes its items on.
#[must_use]
pub fn identity() -> Plan<usize, usize> {
    Plan::new(|_, item| Ok(item))
}

/// Locks a mutex of a test; that another test thread panicked does not matter.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `case` on a thread of its own and returns what it returns. A panic of it goes on here.
///
/// # Panics
/// If `case` takes longer than [`PATIENCE`], naming it; its thread is left behind.
pub fn watched<R: Send + 'static>(name: impl fmt::Display, case: impl FnOnce() -> R + Send + 'static) -> R {
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new()
        .name("watched".to_owned())
        .spawn(move || {
            let outcome = catch_unwind(AssertUnwindSafe(case));
            // The receiver is gone only if the case was given up.
            let _ = sender.send(outcome);
        })
        .expect("a thread can be started");
    match receiver.recv_timeout(PATIENCE) {
        Ok(Ok(result)) => result,
        Ok(Err(payload)) => {
            eprintln!("in the case: {name}");
            resume_unwind(payload)
        }
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => panic!("hangs: {name}"),
    }
}

/// Whether `report` accounts for every pulled item.
///
/// # Panics
/// If it does not.
pub fn assert_accounts(report: Option<&Report>) {
    let report = report.expect("there was a run");
    let told = [report.consumed(), report.skipped(), report.failed(), report.discarded()];
    assert_eq!(
        report.pulled(),
        told.iter().sum::<usize>(),
        "pulled = consumed + skipped + failed + discarded: {report}"
    );
}

/// The error that hooks of a test return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub String);

impl Refused {
    /// It boxed, in the place of a result.
    ///
    /// # Errors
    /// Always.
    pub fn result<T>(text: impl Into<String>) -> Fallible<T> {
        Err(Box::new(Self(text.into())))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// Panics when it is dropped, unless its thread is panicking already, which would abort the process. It counts its
/// drops.
#[derive(Debug)]
pub struct Spiteful(pub Arc<AtomicUsize>);

impl Drop for Spiteful {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        assert!(thread::panicking(), "a value that panics when it is dropped");
    }
}

impl fmt::Display for Spiteful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an error that panics when it is dropped")
    }
}

impl std::error::Error for Spiteful {}

/// Panics when it is dropped, even where that aborts the process. It counts its drops.
#[derive(Debug)]
pub struct Merciless(pub Arc<AtomicUsize>);

impl Drop for Merciless {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("a value that panics whenever it is dropped");
    }
}
