//! The consumer's side: takes finished chunks in the order of the run, decides what each failure means, and keeps the
//! accounts. It runs on the thread that called `run`, or that pulls a `Stream`, and it is the only judge: workers never
//! decide what is consumed.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;
use std::vec::{Drain, IntoIter};

use crate::error::Error;
use crate::failed::{FailedItem, FailedItems, Listener};
use crate::gate::Gate;
use crate::hooks::{HookError, Hooks, Order};
use crate::inbox::{Done, Halt, Inbox};
use crate::options::{OnError, Options};
use crate::panic::{drop_all_quietly, drop_quietly};
use crate::reorder::Reorder;
use crate::report::{Counts, Report};
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
    skipped_items: FailedItems,
    on_failure: Option<Listener>,
    /// What the run returns, if it fails.
    error: Option<Error>,
    /// The payload of the first panic of the consumer's, or of whoever is told of failures.
    panic: Option<Box<dyn Any + Send>>,
}

/// How a run ended.
pub(crate) struct Ending {
    pub(crate) report: Report,
    pub(crate) result: Result<(), Error>,
    /// Goes on where the run was called.
    pub(crate) panic: Option<Box<dyn Any + Send>>,
}

impl Ledger {
    pub(crate) fn new(order: Order, options: &Options) -> Self {
        Self {
            order,
            on_error: options.on_error,
            phase: Phase::Consuming,
            counts: Counts::default(),
            skipped_items: FailedItems::default(),
            on_failure: options.on_failure.clone(),
            error: None,
            panic: None,
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
    pub(crate) fn judge(&mut self, item: FailedItem, gate: &Gate) {
        let matters = self.may_fail(gate);
        let skipped = self.counts.skipped + item.count;
        if matters && self.on_error.tolerates(skipped, self.counts.consumed + skipped) {
            self.counts.skipped = skipped;
            self.tell(&item, gate);
            self.skipped_items.list(item);
        } else {
            self.fail_item(item, matters, gate);
        }
    }

    /// Ends the run with an error that comes from a worker: the first one counts. In unordered mode what had succeeded by
    /// then is still consumed.
    pub(crate) fn fail(&mut self, error: Error, gate: &Gate) {
        if self.may_fail(gate) {
            self.end_with(error, gate);
        } else {
            drop_quietly(error);
        }
    }

    /// Whether the next failure is what ends the run.
    fn may_fail(&mut self, gate: &Gate) -> bool {
        self.is_consuming(gate) && self.error.is_none()
    }

    fn end_with(&mut self, error: Error, gate: &Gate) {
        self.error = Some(error);
        gate.stop();
        if self.order == Order::Ordered {
            self.phase = Phase::Settling;
        }
    }

    /// Counts items that are not skipped. The error ends the run, if it `matters`.
    fn fail_item(&mut self, item: FailedItem, matters: bool, gate: &Gate) {
        self.counts.failed += item.count;
        self.tell(&item, gate);
        if matters {
            self.end_with(item.error, gate);
        } else {
            drop_quietly(item);
        }
    }

    /// Tells who wants to know of it, until that panics.
    fn tell(&mut self, item: &FailedItem, gate: &Gate) {
        let Some(listener) = &self.on_failure else { return };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| listener.tell(item))) {
            self.on_failure = None;
            self.settle(gate);
            self.keep_panic(payload);
        }
    }

    /// Ends the run because a consumer hook did.
    fn halt(&mut self, halt: Halt, gate: &Gate) {
        let matters = self.may_fail(gate);
        self.settle(gate);
        match halt {
            Halt::Break => {}
            Halt::Error(error) => match error.items() {
                Some(items) => self.fail_item(FailedItem::new(items, error), matters, gate),
                None if matters => self.end_with(error, gate),
                None => drop_quietly(error),
            },
            Halt::Panic { payload, at_item } => {
                self.counts.failed += usize::from(at_item);
                self.keep_panic(payload);
            }
        }
    }

    /// Keeps the payload of the first panic of several.
    fn keep_panic(&mut self, payload: Box<dyn Any + Send>) {
        if self.panic.is_none() {
            self.panic = Some(payload);
        } else {
            drop_quietly(payload);
        }
    }

    /// Ends a run whose workers have left: drops the input, and closes the accounts.
    pub(crate) fn close<H, S>(mut self, session: &Session<H, S>, begun: Instant) -> Ending
    where
        H: Hooks,
        S: Source<Item = H::Item>,
    {
        let gate = &*session.gate;
        let claimed = gate.pulled_so_far();
        let (leftover, input) = session.source.close(claimed);
        // A run cancelled while there was nothing to consume has not noticed yet.
        self.is_consuming(gate);
        let pulled = claimed + leftover.discarded + leftover.failed.len();
        self.counts.discarded += leftover.discarded;
        leftover.failed.into_iter().for_each(|item| self.judge(item, gate));
        let mut workers = std::mem::take(&mut *session.workers.lock());
        workers.sort_by_key(|worker| worker.index);
        let report = Report {
            pulled,
            counts: self.counts,
            skipped_items: self.skipped_items,
            elapsed: begun.elapsed(),
            workers,
        };
        let result = self.error.map_or_else(|| input.map_err(Error::in_input), Err);
        Ending { report, result, panic: self.panic }
    }
}

/// A finished chunk, as far as the consumer has not been through it.
#[derive(Debug)]
pub(crate) struct Walk<I> {
    /// The index of the next output or failure.
    pub(crate) index: usize,
    pub(crate) outputs: I,
    failures: IntoIter<FailedItem>,
    fatal: Option<Error>,
}

impl<I: ExactSizeIterator> Walk<I> {
    pub(crate) fn new(first: usize, outputs: I, failures: Vec<FailedItem>, fatal: Option<Error>) -> Self {
        Self { index: first, outputs, failures: failures.into_iter(), fatal }
    }

    /// How many outputs come before the next failure.
    fn row(&self) -> usize {
        let ahead = self.failures.as_slice().first().map_or(usize::MAX, |failed| failed.index - self.index);
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
            if let Some(failed) = walk.failures.next() {
                walk.index = failed.end();
                self.judge(failed, gate);
            } else {
                if let Some(error) = walk.fatal.take() {
                    self.fail(error, gate);
                }
                return 0;
            }
        }
    }
}

/// Consumes a run to its end, into `state`. A panic of the consumer is kept in the ledger.
pub(crate) fn consume<H, S>(session: &Session<H, S>, ledger: &mut Ledger, state: &mut H::ConsumerState)
where
    H: Hooks,
    S: Source<Item = H::Item>,
{
    let gate = &*session.gate;
    let mut intake = Intake::new(H::ORDER);
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
            ledger.halt(halt, gate);
        }
        if let Some(halt) = halt {
            ledger.halt(halt, gate);
        }
        if let Some(failed) = last {
            ledger.judge(failed, gate);
        }
        drop(walk);
        ledger.counts.discarded += dropped;
        session.inbox.recycle(outputs);
        gate.give_back(items);
    }
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
