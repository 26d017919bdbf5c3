//! One step of a worker: it works a chunk as far as it is wanted. No panic of user code gets past here.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, ErrorKind};
use crate::failed::FailedItem;
use crate::gate::Gate;
use crate::handover::{Rest, Unfinished};
use crate::hooks::{HookError, Hooks};
use crate::inbox::{Done, Halt};
use crate::options::OnError;
use crate::panic::{Cause, Panic, drop_all_quietly};
use crate::pass::{Late, Pass, Position, Stage};
use crate::restarts::Restarts;
use crate::retry::Retry;
use crate::roster::Roster;
use crate::session::Session;
use crate::sink::Sink;
use crate::source::ChunkEnd;
use crate::state::Warm;
use crate::sync::now;
use crate::worker::Worker;

/// A worker with its state.
pub(crate) struct Station<'a, H: Hooks> {
    worker: &'a Worker,
    config: &'a H::Config,
    gate: &'a Gate,
    roster: &'a Roster,
    on_error: OnError,
    recycle_after: Option<usize>,
    warm: Warm<'a, H>,
    restarts: Restarts,
    /// Whether the state was made after a panic, and has not been worked with since.
    unproven: bool,
    pub(crate) retry: Retry<H>,
}

/// What a step has come to.
pub(crate) enum Worked<H: Hooks> {
    Done(Done<H::Output>),
    /// The worker's device was given up.
    Unfinished(Unfinished<H::Item, H::Output>),
}

impl<'a, H: Hooks> Station<'a, H> {
    pub(crate) fn new<S>(session: &'a Session<H, S>, worker: &'a Worker) -> Self {
        Self {
            worker,
            config: &session.config,
            gate: &session.gate,
            roster: &session.roster,
            on_error: session.on_error,
            recycle_after: session.recycle_after,
            warm: Warm::take(worker, &*session.config),
            restarts: Restarts::new(session.restarts),
            unproven: false,
            retry: Retry::new(),
        }
    }

    /// Leaves the state on its thread, and returns how many attempts were made at items that had failed before.
    pub(crate) fn close(self) -> usize {
        self.warm.put_back();
        self.retry.made
    }

    /// Works what is left of a chunk, after which came `end`, as far as it is still wanted.
    pub(crate) fn step<I, K>(
        &mut self,
        mut done: Done<H::Output>,
        items: I,
        discard: impl FnOnce(I) -> usize,
        end: ChunkEnd,
        sink: &mut K,
    ) -> Worked<H>
    where
        I: ExactSizeIterator<Item = H::Item>,
        K: Sink<H>,
    {
        let gate = self.gate;
        let behind = done.ticket.first + done.items;
        let mut left = items.len();
        let mut items = Some(items);
        let mut late: Option<Late> = None;
        loop {
            let again = self.retry.waiting();
            let first = behind - left - again;
            if first == behind || gate.is_cut_off(first) {
                break;
            }
            let until = left.saturating_sub(self.warm.allowance(self.recycle_after));
            if let Err(error) = self.prepare(again > 0) {
                match self.roster.lose(error) {
                    Ok(()) => {
                        done.add(sink.close());
                        let late = late.and_then(Late::into_payload);
                        let (in_hand, rest) =
                            (std::mem::take(&mut self.retry.in_hand), Rest::of(late, items));
                        return Worked::Unfinished(Unfinished { done, in_hand, rest, end });
                    }
                    Err(error) => {
                        gate.fail_at(first);
                        done.fatal = Some(error);
                        break;
                    }
                }
            }
            let state = self.warm.state();
            let mut position = Some(Position::before(behind - first));
            let mut unconsumed = Vec::new().into_iter();
            let pass = Pass::<H, K, _> {
                config: self.config,
                state,
                sink,
                gate,
                behind,
                until,
                items: &mut items,
                late: &mut late,
                position: &mut position,
                retry: &mut self.retry,
            };
            let brisk = done.ticket.brisk;
            let outcome = catch_unwind(AssertUnwindSafe(|| match H::BATCH {
                _ if again > 0 => pass.work_again(&mut unconsumed),
                None => pass.work_items(brisk),
                Some(batch) => pass.work_batches(batch.max(), &mut unconsumed),
            }));
            let position = position.expect("a pass puts it back");
            let before = left;
            left =
                items.as_ref().map_or(0, ExactSizeIterator::len) + late.as_ref().map_or(0, |late| late.items);
            self.warm.worked(before - left);
            let at_fault = behind - position.left..behind - left;
            if self.unproven && (at_fault.start > first || matches!(outcome, Ok(Ok(_)))) {
                self.unproven = false;
                self.restarts.forget();
            }
            let consumed_to = at_fault.end - unconsumed.len();
            done.dropped += drop_all_quietly(unconsumed);
            let fault = match outcome {
                Ok(Ok(ControlFlow::Continue(()))) if again > 0 || (left > 0 && left <= until) => continue,
                Ok(Ok(ControlFlow::Continue(()))) => break,
                Ok(Ok(ControlFlow::Break(()))) => {
                    gate.stop();
                    done.halt = Some(Halt::Break);
                    break;
                }
                Ok(Err(error)) => Fault::Error(error),
                Err(payload) => Fault::Panic(payload),
            };
            match position.stage {
                Stage::Preparing | Stage::Consuming => {
                    gate.stop();
                    done.halt = Some(self.halt(fault, position.stage, consumed_to.saturating_sub(1)));
                    break;
                }
                Stage::Pulling if at_fault.is_empty() => {
                    gate.fail_at(at_fault.start);
                    done.fatal = Some(Error::in_input(fault.into()).at_item(at_fault.start));
                    break;
                }
                Stage::Pulling | Stage::Working => {}
            }
            let error = self.blame(fault, position.stage);
            if let Some(failed) = self.retry.fail(at_fault, error) {
                add_failure(&mut done, failed, gate, self.on_error);
            }
        }
        if let Some(failed) = self.retry.give_up() {
            add_failure(&mut done, failed, gate, self.on_error);
        }
        done.add(sink.close());
        done.dropped += late.map_or(0, Late::discard) + items.map_or(0, discard);
        add_end(&mut done, end, behind, gate, self.on_error);
        Worked::Done(done)
    }

    /// Makes a state if there is none; `again` if the items that it broke at are to be worked with it.
    fn prepare(&mut self, again: bool) -> Result<(), Error> {
        let Self { worker, restarts, unproven, .. } = self;
        self.warm.ready(|| {
            *unproven = true;
            // Another attempt at the same items says no more of the device than the first.
            if again || restarts.allow(now()) {
                return Ok(());
            }
            Err(Error::device_lost(restarts.verdict()).of_worker(worker))
        })
    }

    /// What has gone wrong at an item, for which the state is ended if it saw a panic.
    fn blame(&mut self, fault: Fault, stage: Stage) -> Error {
        if matches!(stage, Stage::Pulling) {
            return Error::in_input(fault.into());
        }
        if matches!(fault, Fault::Panic(_)) {
            self.warm.end_broken();
        }
        Error::in_hook(ErrorKind::Work, "producer_work", fault.into()).of_worker(self.worker)
    }

    /// What a consumer hook that failed on this thread means for the run.
    fn halt(&self, fault: Fault, stage: Stage, index: usize) -> Halt {
        let at_item = matches!(stage, Stage::Consuming);
        match fault {
            Fault::Panic(payload) => Halt::Panic { payload, at_item },
            Fault::Error(error) => {
                let hook = if at_item { "consumer_work" } else { "consumer_init" };
                let error = Error::in_consumer(hook, error).of_worker(self.worker);
                Halt::Error(if at_item { error.at_item(index) } else { error })
            }
        }
    }
}

/// Adds items that have failed for good.
fn add_failure<O>(done: &mut Done<O>, failed: FailedItem, gate: &Gate, on_error: OnError) {
    if on_error.stops_at_first() {
        gate.fail_at(failed.index);
    }
    done.failures.push(failed);
}

/// Adds what the input did in place of an item of the index `behind`.
fn add_end<O>(done: &mut Done<O>, end: ChunkEnd, behind: usize, gate: &Gate, on_error: OnError) {
    match end {
        ChunkEnd::Full | ChunkEnd::Exhausted => {}
        ChunkEnd::Failed(error) => {
            let error = Error::in_input(Cause::Error(error));
            if on_error.stops_at_first() || error.is_last() {
                gate.fail_at(behind);
            }
            done.last = Some(FailedItem::new(behind..behind + 1, error));
            done.items += 1;
        }
        ChunkEnd::Panicked(panic) => {
            gate.fail_at(behind);
            // A failure to make the state came first.
            done.fatal.get_or_insert_with(|| Error::in_input(Cause::Panic(panic)).at_item(behind));
        }
    }
}

/// What a hook did instead of returning a value.
enum Fault {
    Error(HookError),
    Panic(Box<dyn Any + Send>),
}

impl From<Fault> for Cause {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Error(error) => Cause::Error(error),
            Fault::Panic(payload) => Cause::Panic(Panic::from_payload(payload)),
        }
    }
}
