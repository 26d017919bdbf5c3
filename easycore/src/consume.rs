//! The consumer's side: takes finished chunks in the order of the run, has the failures in them judged where they stand, and
//! feeds the outputs to the consumer hooks. It runs on the thread that called `run`, or that pulls a `Stream`.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::vec::{Drain, IntoIter};

use crate::error::Error;
use crate::failed::FailedItem;
use crate::gate::Gate;
use crate::hooks::{HookError, Hooks, Order};
use crate::inbox::{Done, Halt, Inbox};
use crate::ledger::Ledger;
use crate::panic::drop_all_quietly;
use crate::reorder::Reorder;
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
