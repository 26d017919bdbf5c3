//! A run whose outputs are pulled one by one by the caller, in place of the consumer hooks.

use std::any::Any;
use std::fmt;
use std::iter::FusedIterator;
use std::mem;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::vec::IntoIter;

use crate::consume::{Intake, Walk};
use crate::control::Progress;
use crate::error::Error;
use crate::failed::FailedItem;
use crate::gate::Gate;
use crate::hooks::Hooks;
use crate::inbox::{Done, Inbox};
use crate::ledger::{Ending, Ledger};
use crate::panic::drop_quietly;
use crate::report::Report;
use crate::session::Session;
use crate::source::Source;

/// The outputs of a run, as an iterator of `Result<O, Error>`: in input order, or as they finish.
///
/// It ends after the last output or after the first error. Dropping it earlier cancels the run: it waits for the hooks
/// and the `next()` in progress, and drops the rest.
///
/// # Two stages
/// One runner's stream is another's input, by [`try_run`](crate::Runner::try_run). An error that ends the stream ends the second
/// run, too, with kind [`Input`](crate::ErrorKind::Input) and the stream's error as its source. It is never
/// [skipped](crate::OnError), because nothing comes after it: items that may be left out are for the first runner to skip.
///
/// A stream borrows its runner and takes only what is `'static`, so that a stream's outputs cannot be streamed on. Where there
/// are more than two stages, let each but the last have a thread that sends its outputs into a bounded channel, from which the
/// next one takes its input.
///
/// # Example
///
/// ```
/// use easycore::parallel_runner;
///
/// #[parallel_runner]
/// impl Parse {
///     fn producer_work(text: &'static str) -> Result<u64, std::num::ParseIntError> {
///         text.parse()
///     }
/// }
///
/// #[parallel_runner]
/// impl Square {
///     fn producer_work(number: u64) -> u64 {
///         number * number
///     }
/// }
///
/// let (mut parse, mut square) = (Parse::new(2), Square::new(2));
/// assert_eq!(square.try_run(parse.stream(["1", "2", "3"]))?, [1, 4, 9]);
///
/// let error = square.try_run(parse.stream(["1", "two", "3"])).unwrap_err();
/// assert_eq!(error.item(), Some(1));
/// # Ok::<(), easycore::Error>(())
/// ```
#[must_use = "a stream that is dropped cancels its run"]
pub struct Stream<'r, O> {
    state: State<'r, O>,
}

enum State<'r, O> {
    Running(Box<Running<'r, O>>),
    /// Never ran.
    Failed(Error),
    Ended,
}

struct Running<'r, O> {
    feed: Arc<dyn Feed<O>>,
    intake: Intake<O>,
    ledger: Ledger,
    progress: Progress,
    walk: Walk<IntoIter<O>>,
    /// How many outputs can be handed out before the next judgement.
    row: usize,
    /// How many window slots the chunk in hand takes, and how many of its items were dropped.
    items: usize,
    /// The `Err` item behind it.
    last: Option<FailedItem>,
    dropped: usize,
    report: &'r mut Option<Report>,
    streaming: &'r mut Option<Arc<Gate>>,
}

/// A session, whatever its input.
trait Feed<O>: Send + Sync {
    fn inbox(&self) -> &Inbox<O>;
    fn close(&self, ledger: Ledger, progress: &Progress) -> Ending;
}

impl<H, S> Feed<H::Output> for Session<H, S>
where
    H: Hooks,
    S: Source<Item = H::Item>,
{
    fn inbox(&self) -> &Inbox<H::Output> {
        &self.inbox
    }

    fn close(&self, ledger: Ledger, progress: &Progress) -> Ending {
        ledger.close(self, progress.begun)
    }
}

impl<'r, O> Stream<'r, O> {
    pub(crate) fn failed(error: Error) -> Self {
        Self { state: State::Failed(error) }
    }

    pub(crate) fn new<H, S>(
        session: Arc<Session<H, S>>,
        ledger: Ledger,
        progress: Progress,
        report: &'r mut Option<Report>,
        streaming: &'r mut Option<Arc<Gate>>,
    ) -> Self
    where
        H: Hooks<Output = O> + 'static,
        S: Source<Item = H::Item> + 'static,
    {
        Self {
            state: State::Running(Box::new(Running {
                feed: session,
                intake: Intake::new(H::ORDER),
                ledger,
                progress,
                walk: Walk::new(0, Vec::new().into_iter(), Vec::new(), None),
                row: 0,
                items: 0,
                last: None,
                dropped: 0,
                report,
                streaming,
            })),
        }
    }
}

impl<O> Running<'_, O> {
    /// The next output; `None` once the workers have come to rest.
    fn next(&mut self) -> Option<O> {
        loop {
            if self.row > 0 && self.ledger.is_consuming(&self.progress.gate) {
                self.row -= 1;
                self.walk.index += 1;
                self.ledger.counts.consumed += 1;
                return self.walk.outputs.next();
            }
            if !self.progress.process.is_here() {
                return None;
            }
            self.row = self.ledger.next_row(&mut self.walk, &self.progress.gate);
            if self.row == 0 && !self.next_chunk() {
                return None;
            }
        }
    }

    fn next_chunk(&mut self) -> bool {
        if let Some(failed) = self.last.take() {
            self.ledger.judge(failed, &self.progress.gate);
        }
        self.ledger.counts.discarded += mem::take(&mut self.dropped);
        self.progress.gate.give_back(mem::take(&mut self.items));
        let Some(done) = self.intake.next(&self.progress.gate, self.feed.inbox()) else { return false };
        let Done { ticket, items, outputs, failures, fatal, last, dropped, .. } = done;
        self.walk = Walk::new(ticket.first, outputs.into_iter(), failures, fatal);
        (self.items, self.last, self.dropped) = (items, last, dropped);
        true
    }

    /// Touches nothing that a worker may have held locked when the process was forked.
    fn leave_to_parent(self) {
        mem::forget(self);
    }

    /// How the run ended, and the payload of a panic that goes on where the stream is used.
    fn finish(self) -> (Result<(), Error>, Option<Box<dyn Any + Send>>) {
        let process = self.progress.process;
        if !process.is_here() {
            self.leave_to_parent();
            return (Err(Error::forked(process)), None);
        }
        self.progress.gate.await_rest(None);
        let Ending { report, result, panic } = self.feed.close(self.ledger, &self.progress);
        *self.report = Some(report);
        *self.streaming = None;
        (result, panic)
    }
}

impl<O> Iterator for Stream<'_, O> {
    type Item = Result<O, Error>;

    fn next(&mut self) -> Option<Result<O, Error>> {
        if let State::Running(running) = &mut self.state
            && let Some(output) = running.next()
        {
            return Some(Ok(output));
        }
        match mem::replace(&mut self.state, State::Ended) {
            State::Running(running) => match running.finish() {
                (result, Some(payload)) => {
                    drop_quietly(result);
                    resume_unwind(payload);
                }
                (result, None) => Some(Err(result.err()?.ending_a_stream())),
            },
            State::Failed(error) => Some(Err(error.ending_a_stream())),
            State::Ended => None,
        }
    }
}

impl<O> FusedIterator for Stream<'_, O> {}

impl<O> Drop for Stream<'_, O> {
    fn drop(&mut self) {
        let mut running = match mem::replace(&mut self.state, State::Ended) {
            State::Running(running) => running,
            State::Failed(error) => return drop_quietly(error),
            State::Ended => return,
        };
        if !running.progress.process.is_here() {
            return running.leave_to_parent();
        }
        running.progress.gate.cancel();
        // Nothing comes out of a cancelled run: this discards what is left.
        while running.next().is_some() {}
        let (result, panic) = running.finish();
        drop_quietly(result);
        drop_quietly(panic);
    }
}

impl<O> fmt::Debug for Stream<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Running(_) => "running",
            State::Failed(_) => "failed",
            State::Ended => "ended",
        };
        f.debug_struct("Stream").field("state", &state).finish_non_exhaustive()
    }
}
