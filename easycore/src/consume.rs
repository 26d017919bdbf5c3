//! The consumer's side: takes finished chunks in the order of the run, decides what each failure means, and keeps the
//! accounts. It runs on the thread that called `run`, or that pulls a `Stream`, and it is the only judge: workers never
//! decide what is consumed.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;
use std::vec::{Drain, IntoIter};

use crate::error::Error;
use crate::gate::Gate;
use crate::hooks::{HookError, Hooks, Order};
use crate::inbox::{Done, Failure, Halt, Inbox};
use crate::options::OnError;
use crate::panic::{drop_all_quietly, drop_quietly};
use crate::reorder::Reorder;
use crate::report::{Counts, Report, Skipped, SkippedItems};
use crate::session::Session;
use crate::source::Source;

/// Brings finished chunks into the order of the run.
#[derive(Debug)]
pub(crate) struct Intake<O> {
    order: Order,
    seen: u64,
    arrived: Vec<Done<O>>,
    line: Reorder<Done<O>>,
}

impl<O> Intake<O> {
    pub(crate) fn new(order: Order) -> Self {
        Self { order, seen: 0, arrived: Vec::new(), line: Reorder::new() }
    }

    /// Waits for the next chunk; `None` once the workers have come to rest and every chunk has been out.
    pub(crate) fn next(&mut self, gate: &Gate, inbox: &Inbox<O>) -> Option<Done<O>> {
        loop {
            if let Some(done) = self.line.pop() {
                return Some(done);
            }
            inbox.take(&mut self.arrived);
            if self.arrived.is_empty() {
                if !gate.await_delivery(self.seen, self.line.head()) {
                    return None;
                }
                continue;
            }
            for done in self.arrived.drain(..) {
                let number = match self.order {
                    Order::Ordered => done.ticket.chunk,
                    Order::Unordered => self.seen,
                };
                self.seen += 1;
                self.line.insert(number, done);
            }
        }
    }
}

/// What is still wanted of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Consuming,
    /// Everything that still arrives is discarded.
    Settling,
}

/// Decides what failures mean, and counts what becomes of every item.
#[derive(Debug)]
pub(crate) struct Ledger {
    order: Order,
    on_error: OnError,
    phase: Phase,
    pub(crate) counts: Counts,
    skipped_items: SkippedItems,
    /// What the run returns, if it fails.
    error: Option<Error>,
}

impl Ledger {
    pub(crate) fn new(order: Order, on_error: OnError) -> Self {
        Self {
            order,
            on_error,
            phase: Phase::Consuming,
            counts: Counts::default(),
            skipped_items: SkippedItems::default(),
            error: None,
        }
    }

    /// Whether outputs are still consumed. Asked before each, so that a cancelled run consumes no more.
    #[inline]
    pub(crate) fn is_consuming(&mut self, gate: &Gate) -> bool {
        if gate.is_cancelled() && self.phase == Phase::Consuming {
            self.phase = Phase::Settling;
            self.error.get_or_insert_with(Error::cancelled);
        }
        self.phase == Phase::Consuming
    }

    /// Ends the run: nothing more is pulled, worked or consumed.
    pub(crate) fn settle(&mut self, gate: &Gate) {
        self.phase = Phase::Settling;
        gate.stop();
    }

    /// Judges items that failed on their way to the consumer.
    pub(crate) fn judge(&mut self, failure: Failure, gate: &Gate) {
        let Failure { items, error } = failure;
        if !self.is_consuming(gate) || self.error.is_some() {
            self.counts.failed += items.len();
            return drop_quietly(error);
        }
        let skipped = self.counts.skipped + items.len();
        if self.on_error.tolerates(skipped, self.counts.consumed + skipped) {
            self.counts.skipped = skipped;
            self.skipped_items.list(Skipped { index: items.start, count: items.len(), error });
        } else {
            self.counts.failed += items.len();
            self.fail(error, gate);
        }
    }

    /// Ends the run with an error that comes from a worker: the first one counts. In unordered mode what had succeeded by
    /// then is still consumed.
    pub(crate) fn fail(&mut self, error: Error, gate: &Gate) {
        if self.is_consuming(gate) && self.error.is_none() {
            self.error = Some(error);
            gate.stop();
            if self.order == Order::Ordered {
                self.phase = Phase::Settling;
            }
        } else {
            drop_quietly(error);
        }
    }

    /// Ends the run because a consumer hook did, and returns the payload if it panicked.
    fn halt(&mut self, halt: Halt, gate: &Gate) -> Option<Box<dyn Any + Send>> {
        let counts = self.is_consuming(gate) && self.error.is_none();
        self.settle(gate);
        match halt {
            Halt::Break => None,
            Halt::Error(error) => {
                self.counts.failed += usize::from(error.item().is_some());
                if counts {
                    self.error = Some(error);
                } else {
                    drop_quietly(error);
                }
                None
            }
            Halt::Panic { payload, at_item } => {
                self.counts.failed += usize::from(at_item);
                Some(payload)
            }
        }
    }

    /// Ends a run whose workers have left: drops the input, and closes the accounts.
    pub(crate) fn close<H, S>(
        mut self,
        session: &Session<H, S>,
        begun: Instant,
    ) -> (Report, Result<(), Error>)
    where
        H: Hooks,
        S: Source<Item = H::Item>,
    {
        let (leftover, input) = session.source.close();
        // A run cancelled while there was nothing to consume has not noticed yet.
        self.is_consuming(&session.gate);
        self.counts.discarded += leftover.discarded;
        self.counts.failed += leftover.failed;
        let mut workers = std::mem::take(&mut *session.workers.lock());
        workers.sort_by_key(|worker| worker.index);
        let report = Report {
            pulled: session.gate.pulled_so_far() + leftover.discarded + leftover.failed,
            counts: self.counts,
            skipped_items: self.skipped_items,
            elapsed: begun.elapsed(),
            workers,
        };
        (report, self.error.map_or_else(|| input.map_err(Error::in_input), Err))
    }
}

/// A finished chunk, as far as the consumer has not been through it.
#[derive(Debug)]
pub(crate) struct Walk<I> {
    /// The index of the next output or failure.
    pub(crate) index: usize,
    pub(crate) outputs: I,
    failures: IntoIter<Failure>,
    fatal: Option<Error>,
}

impl<I: ExactSizeIterator> Walk<I> {
    pub(crate) fn new(first: usize, outputs: I, failures: Vec<Failure>, fatal: Option<Error>) -> Self {
        Self { index: first, outputs, failures: failures.into_iter(), fatal }
    }

    /// How many outputs come before the next failure.
    fn row(&self) -> usize {
        let ahead =
            self.failures.as_slice().first().map_or(usize::MAX, |failure| failure.items.start - self.index);
        ahead.min(self.outputs.len())
    }
}

impl Ledger {
    /// Judges the failures that come next, and returns how many outputs follow in a row; 0 at the end of the chunk.
    pub(crate) fn next_row<I: ExactSizeIterator>(&mut self, walk: &mut Walk<I>, gate: &Gate) -> usize {
        loop {
            if !self.is_consuming(gate) {
                self.counts.discarded += drop_all_quietly(walk.outputs.by_ref());
            }
            let row = walk.row();
            if row > 0 {
                return row;
            }
            if let Some(failure) = walk.failures.next() {
                walk.index = failure.items.end;
                self.judge(failure, gate);
            } else {
                if let Some(error) = walk.fatal.take() {
                    self.fail(error, gate);
                }
                return 0;
            }
        }
    }
}

/// Consumes a run to its end, into `state`. A panic of the consumer is returned for the caller to resume once the workers
/// have left.
pub(crate) fn consume<H, S>(
    session: &Session<H, S>,
    ledger: &mut Ledger,
    state: &mut H::ConsumerState,
) -> Option<Box<dyn Any + Send>>
where
    H: Hooks,
    S: Source<Item = H::Item>,
{
    let gate = &*session.gate;
    let mut intake = Intake::new(H::ORDER);
    let mut panic = None;
    while let Some(done) = intake.next(gate, &session.inbox) {
        let Done { ticket, items, mut outputs, consumed, failures, fatal, halt, last, dropped } = done;
        ledger.counts.consumed += consumed;
        let mut walk = Walk::new(ticket.first, outputs.drain(..), failures, fatal);
        loop {
            let row = ledger.next_row(&mut walk, gate);
            if row == 0 {
                break;
            }
            let (first, before) = (walk.index, walk.outputs.len());
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                consume_row::<H>(&session.config, state, &mut walk.outputs, before - row, gate)
            }));
            let taken = before - walk.outputs.len();
            walk.index += taken;
            ledger.counts.consumed += taken;
            let halt = match outcome {
                Ok(Ok(ControlFlow::Continue(()))) => continue,
                Ok(Ok(ControlFlow::Break(()))) => Halt::Break,
                Ok(Err(error)) => {
                    let error = Error::in_consumer("consumer_work", error);
                    Halt::Error(error.at_item(first + taken - 1))
                }
                Err(payload) => Halt::Panic { payload, at_item: true },
            };
            if !matches!(halt, Halt::Break) {
                ledger.counts.consumed -= 1;
            }
            keep_first(&mut panic, ledger.halt(halt, gate));
        }
        if let Some(halt) = halt {
            keep_first(&mut panic, ledger.halt(halt, gate));
        }
        if let Some(failure) = last {
            ledger.judge(failure, gate);
        }
        drop(walk);
        ledger.counts.discarded += dropped;
        session.inbox.recycle(outputs);
        gate.give_back(items);
    }
    panic
}

/// Consumes until so many outputs are `left`, or none is wanted any more. The output at fault is the last one taken.
#[inline]
fn consume_row<H: Hooks>(
    config: &H::Config,
    state: &mut H::ConsumerState,
    outputs: &mut Drain<'_, H::Output>,
    left: usize,
    gate: &Gate,
) -> Result<ControlFlow<()>, HookError> {
    while outputs.len() > left && !gate.is_cancelled() {
        let Some(output) = outputs.next() else { break };
        if H::consumer_work(config, state, output)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Keeps the payload of the first panic of several.
fn keep_first(panic: &mut Option<Box<dyn Any + Send>>, next: Option<Box<dyn Any + Send>>) {
    if panic.is_none() {
        *panic = next;
    } else {
        drop_quietly(next);
    }
}
