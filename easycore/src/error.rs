//! The one error type of the crate: what went wrong, in which hook, on which device, in which worker, at which item.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::iter;
use std::ops::Range;
use std::time::Duration;

use crate::device::Device;
use crate::hooks::HookError;
use crate::panic::{Cause, Panic, guard};
use crate::process::Process;
use crate::worker::Worker;

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The device list cannot be used: a text that names no device, no devices at all, or too many workers.
    Devices,
    /// The options contradict each other or hold an impossible value.
    Options,
    /// The operating system refused a thread, or to pin one; or the threads belong to the process from which this one was
    /// forked.
    Threads,
    /// `producer_init` failed.
    Init,
    /// `producer_work` failed.
    Work,
    /// A worker of a device had to be made anew more often than [`Options::restarts`](crate::Options::restarts) allows.
    DeviceLost,
    /// `producer_end` failed.
    End,
    /// `consumer_init`, `consumer_work`, `consumer_merge` or `consumer_end` failed.
    Consumer,
    /// The input iterator yielded an error to `try_run`, or panicked.
    Input,
    /// The run was cancelled.
    Cancelled,
    /// A hook took longer than [`Options::init_timeout`](crate::Options::init_timeout) or
    /// [`Options::close_timeout`](crate::Options::close_timeout), and its thread was left behind.
    Timeout,
}

/// Why a runner could not start, run or close.
///
/// Displayed, it is one line that names the hook, the device, the worker and the item as far as they apply, and ends
/// with the text of the cause, which [`source`](std::error::Error::source) returns as a value, and with what can be done, if
/// there is more to say. Of the cause it has at most the first 500 characters, and of a message of libtorch or candle (with the
/// features of that name) no trace. Nor has [`Debug`](fmt::Debug) any.
///
/// # Example
///
/// ```
/// use std::error::Error as _;
/// use std::num::ParseIntError;
/// use easycore::{ErrorKind, parallel_runner};
///
/// #[parallel_runner]
/// impl Parse {
///     fn producer_work(text: &'static str) -> Result<i32, ParseIntError> {
///         text.parse()
///     }
/// }
///
/// let error = Parse::new(1).run(["1", "2", "three"]).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Work);
/// assert_eq!(error.hook(), Some("producer_work"));
/// assert_eq!(error.item(), Some(2));
/// assert!(error.source().unwrap().is::<ParseIntError>());
/// assert_eq!(
///     error.to_string(),
///     "producer_work failed at item 2 on cpu (worker 0): invalid digit found in string"
/// );
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    what: String,
    hook: Option<&'static str>,
    device: Option<Device>,
    worker: Option<usize>,
    items: Option<Range<usize>>,
    attempts: usize,
    cause: Option<Cause>,
    /// Why, and what to do, beyond what the cause tells.
    advice: Option<String>,
    /// Whether nothing comes after it: it ended a stream, or the input that was one.
    is_last: bool,
}

impl Error {
    /// An error that `what` describes in full.
    pub(crate) fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            what: what.into(),
            hook: None,
            device: None,
            worker: None,
            items: None,
            attempts: 1,
            cause: None,
            advice: None,
            is_last: false,
        }))
    }

    /// Something a user's code did, named by `what`.
    fn caused(kind: ErrorKind, what: &str, cause: Cause) -> Self {
        let verb = match cause {
            Cause::Error(_) => "failed",
            Cause::Panic(_) => "panicked",
        };
        let mut error = Self::new(kind, format!("{what} {verb}"));
        error.0.cause = Some(cause);
        error
    }

    pub(crate) fn in_hook(kind: ErrorKind, hook: &'static str, cause: Cause) -> Self {
        Self::caused(kind, hook, cause).of_hook(hook)
    }

    pub(crate) fn in_consumer(hook: &'static str, error: HookError) -> Self {
        Self::in_hook(ErrorKind::Consumer, hook, Cause::Error(error))
    }

    pub(crate) fn in_input(cause: Cause) -> Self {
        let is_last = matches!(&cause, Cause::Error(error) if ended_a_stream(&**error));
        let mut error = Self::caused(ErrorKind::Input, "the input", cause);
        error.0.is_last = is_last;
        error
    }

    /// What a stream ended with.
    pub(crate) fn ending_a_stream(mut self) -> Self {
        self.0.is_last = true;
        self
    }

    /// Whether the input has ended with it, so that there is nothing to go on with.
    pub(crate) fn is_last(&self) -> bool {
        self.0.is_last
    }

    pub(crate) fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "the run was cancelled")
    }

    /// Nothing will come from threads of the process `parent`, which is not this one.
    pub(crate) fn forked(parent: Process) -> Self {
        Self::new(
            ErrorKind::Threads,
            format!(
                "the workers are threads of {parent}, from which this one was forked without them: \
                 make the runner, or start it, after the fork"
            ),
        )
    }

    /// A device was given up because of `why`.
    pub(crate) fn device_lost(why: String) -> Self {
        Self::new(ErrorKind::DeviceLost, "the device was given up").advising(Some(why))
    }

    /// A call of the user's code, `what`, did not return within the `limit` that `option` sets.
    pub(crate) fn timed_out(what: &str, limit: Duration, option: &str) -> Self {
        Self::new(ErrorKind::Timeout, format!("{what} has not returned within {limit:?}")).advising(Some(format!(
            "its thread cannot be stopped and is left behind; see what it waits for, or raise `Options::{option}`"
        )))
    }

    pub(crate) fn advising(mut self, advice: Option<String>) -> Self {
        self.0.advice = advice;
        self
    }

    pub(crate) fn of_hook(mut self, hook: &'static str) -> Self {
        self.0.hook = Some(hook);
        self
    }

    pub(crate) fn of_worker(mut self, worker: &Worker) -> Self {
        self.0.device = Some(worker.device().clone());
        self.0.worker = Some(worker.index());
        self
    }

    pub(crate) fn at_item(self, index: usize) -> Self {
        self.at_items(index..index + 1)
    }

    pub(crate) fn at_items(mut self, items: Range<usize>) -> Self {
        self.0.items = Some(items);
        self
    }

    /// It was the last of so many attempts that failed like this.
    pub(crate) fn after(mut self, attempts: usize) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// What kind of thing went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether it was a panic rather than a returned error.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.0.cause, Some(Cause::Panic(_)))
    }

    /// The hook that failed, by its name; `None` where it was not a hook.
    #[must_use]
    pub fn hook(&self) -> Option<&'static str> {
        self.0.hook
    }

    /// The device on which it happened; `None` for what happens on the caller's thread.
    #[must_use]
    pub fn device(&self) -> Option<&Device> {
        self.0.device.as_ref()
    }

    /// The index of the worker in which it happened; `None` for what happens on the caller's thread.
    #[must_use]
    pub fn worker(&self) -> Option<usize> {
        self.0.worker
    }

    /// The item's position in the input, from 0, skipped items counted; the first one's if a batch failed; `None` where no
    /// item is at fault.
    #[must_use]
    pub fn item(&self) -> Option<usize> {
        self.0.items.as_ref().map(|items| items.start)
    }

    /// The positions of all items at fault: of those that failed together in a batch.
    #[must_use]
    pub fn items(&self) -> Option<Range<usize>> {
        self.0.items.clone()
    }

    /// How many attempts had been made when the run gave up: 1, or more for a `producer_work` with `retries`.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.0.attempts
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { what, device, worker, items, attempts, cause, advice, .. } = &*self.0;
        f.write_str(what)?;
        match items {
            Some(items) if items.len() > 1 => write!(f, " at items {} to {}", items.start, items.end - 1)?,
            Some(items) => write!(f, " at item {}", items.start)?,
            None => {}
        }
        if let (Some(device), Some(worker)) = (device, worker) {
            write!(f, " on {device} (worker {worker})")?;
        }
        if *attempts > 1 {
            write!(f, " after {attempts} attempts")?;
        }
        let Some(cause) = cause else {
            let mut line = OneLine::new(f, usize::MAX);
            return advice.iter().try_for_each(|advice| write!(line, ": {advice}"));
        };
        f.write_str(": ")?;
        let mut text = String::new();
        match cause {
            Cause::Error(error) => write!(text, "{error}")?,
            Cause::Panic(panic) => write!(text, "{panic}")?,
        }
        #[cfg(any(feature = "tch", feature = "candle"))]
        let text = crate::backends::without_traces(&text);
        if text.is_empty() {
            f.write_str("an error without a text")?;
        }
        let mut line = OneLine::new(f, LONGEST_CAUSE);
        line.write_str(&text)?;
        let left_out = line.left_out;
        if left_out > 0 {
            write!(f, "… ({left_out} more characters in its source)")?;
        }
        advice.iter().try_for_each(|advice| write!(f, "; {advice}"))
    }
}

/// Whether an error comes from a [`Stream`](crate::Stream) that ended with it, by itself or as the source of others.
fn ended_a_stream(error: &(dyn StdError + 'static)) -> bool {
    /// A chain of sources is the user's, and may go round in circles.
    const DEEPEST: usize = 32;
    let mut next = Some(error);
    let chain = iter::from_fn(|| {
        let error = next?;
        next = error.source();
        Some(error)
    });
    let mut of_stream = chain.take(DEEPEST).filter_map(|error| error.downcast_ref::<Error>());
    guard(|| Ok(of_stream.any(Error::is_last))).unwrap_or(false)
}

/// How many characters of a cause are displayed.
const LONGEST_CAUSE: usize = 500;

/// Writes text with every line break, and the space around it, as one space, and leaves out what is too long.
struct OneLine<'a, 'f> {
    out: &'a mut fmt::Formatter<'f>,
    at_break: bool,
    room: usize,
    left_out: usize,
}

impl<'a, 'f> OneLine<'a, 'f> {
    fn new(out: &'a mut fmt::Formatter<'f>, room: usize) -> Self {
        Self { out, at_break: false, room, left_out: 0 }
    }

    fn put(&mut self, character: char) -> fmt::Result {
        if self.room == 0 {
            self.left_out += 1;
            return Ok(());
        }
        self.room -= 1;
        self.out.write_char(character)
    }
}

impl fmt::Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if character == '\n' || character == '\r' {
                self.at_break = true;
            } else if !(self.at_break && character.is_whitespace()) {
                if self.at_break {
                    self.put(' ')?;
                    self.at_break = false;
                }
                self.put(character)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("what", &self.0.what)
            .field("hook", &self.0.hook)
            .field("device", &self.0.device)
            .field("worker", &self.0.worker)
            .field("items", &self.0.items)
            .field("attempts", &self.0.attempts)
            .field("cause", &Shown(&self.0.cause))
            .field("advice", &self.0.advice)
            .finish()
    }
}

/// A cause as it shows itself, without the traces of backends: whoever returns an error from `main` is shown all of it.
struct Shown<'a>(&'a Option<Cause>);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(any(feature = "tch", feature = "candle"))]
        if let Some(cause) = self.0 {
            let text = if f.alternate() { format!("{cause:#?}") } else { format!("{cause:?}") };
            return f.write_str(&crate::backends::without_traces(&text));
        }
        self.0.fmt(f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.0.cause.as_ref()? {
            Cause::Error(error) => Some(HookError::as_ref(error)),
            Cause::Panic(panic) => Some(panic as &Panic),
        }
    }
}
