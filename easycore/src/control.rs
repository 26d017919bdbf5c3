//! The handle that reaches the run in progress from outside: cancelling, draining, and asking whether it is cancelled.

use std::sync::Arc;
use std::time::Instant;

use crate::gate::Gate;
use crate::process::Process;
use crate::sync::Mutex;

/// Where the gate of the run in progress is found, if there is one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Control(Arc<Mutex<Option<Arc<Gate>>>>);

impl Control {
    /// Makes `gate` the one of the run in progress until [`end`](Self::end).
    pub(crate) fn begin(&self, gate: Arc<Gate>) {
        *self.0.lock() = Some(gate);
    }

    pub(crate) fn end(&self) {
        *self.0.lock() = None;
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.current().is_some_and(|gate| gate.is_cancelled())
    }

    fn current(&self) -> Option<Arc<Gate>> {
        self.0.lock().clone()
    }
}

/// A run that can be cancelled, from its opening to its end.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) gate: Arc<Gate>,
    /// When the workers had been started.
    pub(crate) begun: Instant,
    control: Control,
    pub(crate) process: Process,
}

impl Progress {
    pub(crate) fn new(gate: Arc<Gate>, control: &Control) -> Self {
        control.begin(Arc::clone(&gate));
        Self { gate, begun: Instant::now(), control: control.clone(), process: Process::current() }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.control.end();
    }
}

/// Ends the run in progress from any thread: a `ctrlc` handler, a time-out, another part of the program.
///
/// With no run in progress its methods do nothing; the next run is not affected. The start-up of a run belongs to it.
/// Code of yours that is running, a hook or the input's `next()`, cannot be interrupted: the run returns once the calls
/// in progress have returned. Long hooks can ask [`Worker::is_cancelled`](crate::Worker::is_cancelled). Items that take next
/// to no time are worked sixteen at a time, which together take less than a microsecond.
///
/// # Example
///
/// ```
/// use easycore::{ErrorKind, parallel_runner};
///
/// #[parallel_runner]
/// impl Forever {
///     fn producer_work(item: u64) -> u64 {
///         item
///     }
///     fn consumer_init() -> Vec<u64> {
///         Vec::new()
///     }
///     fn consumer_work(seen: &mut Vec<u64>, item: u64) {
///         seen.push(item);
///     }
/// }
///
/// let mut forever = Forever::new(2);
/// let canceller = forever.canceller();
/// let error = forever.run((0..).inspect(|&item| if item == 1_000 { canceller.cancel() })).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Cancelled);
///
/// let canceller = forever.canceller();
/// let seen = forever.run((0..).inspect(|&item| if item == 1_000 { canceller.drain() }))?;
/// assert_eq!(seen.len(), 1_001);
/// # Ok::<(), easycore::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a canceller does nothing until it is told to"]
pub struct Canceller(Control);

impl Canceller {
    pub(crate) fn new(control: Control) -> Self {
        Self(control)
    }

    /// Ends the run in progress with [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled): what was pulled and not
    /// consumed is discarded.
    pub fn cancel(&self) {
        if let Some(gate) = self.0.current() {
            gate.cancel();
        }
    }

    /// Ends the input of the run in progress: no more is pulled, what was pulled is consumed, and the run succeeds.
    pub fn drain(&self) {
        if let Some(gate) = self.0.current() {
            gate.drain();
        }
    }
}
