//! What each failure means for a run, and what became of every item. Only the consumer's thread has it, and it is the only judge:
//! workers never decide what is consumed.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::error::{Error, ErrorKind};
use crate::failed::{FailedItem, FailedItems, Listener};
use crate::gate::Gate;
use crate::hooks::{Hooks, Order};
use crate::inbox::Halt;
use crate::options::{OnError, Options};
use crate::panic::drop_quietly;
use crate::report::{Counts, Report};
use crate::session::Session;
use crate::source::Source;

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
        let finished = self.counts.consumed + skipped;
        let is_last = item.error.is_last();
        if matters && !is_last && self.on_error.tolerates(skipped, finished) {
            self.counts.skipped = skipped;
            self.tell(&item, gate);
            self.skipped_items.list(item);
        } else {
            let verdict = self.on_error.verdict(item.count, skipped, finished).filter(|_| !is_last);
            self.fail_item(item, verdict, matters, gate);
        }
    }

    /// Judges all items together, when a run has come to its end: what failed before a share of them could be judged.
    fn judge_all(&mut self, gate: &Gate) {
        let Counts { consumed, skipped, .. } = self.counts;
        if !self.may_fail(gate) || self.on_error.tolerates(skipped, consumed + skipped) {
            return;
        }
        let kind = self.skipped_items.as_slice().first().map_or(ErrorKind::Work, |item| item.error.kind());
        if let Some(verdict) = self.on_error.verdict_on_all(skipped, consumed + skipped) {
            self.error = Some(Error::new(kind, verdict));
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

    /// Counts items that are not skipped. The error ends the run, if it `matters`, and then tells the `verdict`.
    fn fail_item(&mut self, item: FailedItem, verdict: Option<String>, matters: bool, gate: &Gate) {
        self.counts.failed += item.count;
        self.tell(&item, gate);
        if matters {
            self.end_with(item.error.advising(verdict), gate);
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
    pub(crate) fn halt(&mut self, halt: Halt, gate: &Gate) {
        let matters = self.may_fail(gate);
        self.settle(gate);
        match halt {
            Halt::Break => {}
            Halt::Error(error) => match error.items() {
                Some(items) => self.fail_item(FailedItem::new(items, error), None, matters, gate),
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
        self.judge_all(gate);
        let mut workers = std::mem::take(&mut *session.workers.lock());
        workers.sort_by_key(|worker| worker.index);
        let report = Report {
            pulled,
            counts: self.counts,
            skipped_items: self.skipped_items,
            elapsed: begun.elapsed(),
            workers,
            lost_devices: session.roster.lost_devices(),
        };
        let result = self.error.map_or_else(|| input.map_err(Error::in_input), Err);
        Ending { report, result, panic: self.panic }
    }
}
