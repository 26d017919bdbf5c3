//! The worker's side: its state, and the step that turns a pulled chunk into a finished one. Everything here runs on the
//! worker's own thread, and no panic of user code leaves it.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;
use std::vec::Drain;

use crate::error::{Error, ErrorKind};
use crate::gate::{Gate, Ticket, Waits};
use crate::hooks::{HookError, Hooks};
use crate::inbox::{Done, Failure};
use crate::options::OnError;
use crate::panic::{Cause, Panic, drop_all_quietly, guard};
use crate::report::WorkerReport;
use crate::session::Session;
use crate::source::{ChunkEnd, Input};
use crate::worker::Worker;

thread_local! {
    /// What a worker keeps between runs. A worker thread belongs to one runner, so there is one.
    static KEPT: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// A worker's state, and what went wrong when an earlier one was ended.
struct Kept<S> {
    /// `None` after a panic, until there is an item again.
    state: Option<S>,
    end_error: Option<Error>,
}

impl<S: 'static> Kept<S> {
    fn take() -> Self {
        let kept = KEPT.with_borrow_mut(Option::take).and_then(|kept| kept.downcast().ok());
        kept.map_or(Self { state: None, end_error: None }, |kept| *kept)
    }

    fn put(self) {
        KEPT.set(Some(Box::new(self)));
    }
}

/// Makes the worker's state.
pub(crate) fn start<H: Hooks>(worker: &Worker, config: &H::Config) -> Result<(), Error> {
    Kept { state: Some(init::<H>(worker, config)?), end_error: None }.put();
    Ok(())
}

/// Ends the worker's state, if it has one.
pub(crate) fn end<H: Hooks>(worker: &Worker, config: &H::Config) -> Result<(), Error> {
    let mut station = Station::<H> { worker, config, kept: Kept::take() };
    station.end_state();
    station.kept.end_error.map_or(Ok(()), Err)
}

/// Works until there is nothing more to pull.
pub(crate) fn work<H, I>(session: &Session<H, I>, worker: &Worker)
where
    H: Hooks,
    I: Input<Item = H::Item>,
{
    let gate = &*session.gate;
    let mut station = Station::<H> { worker, config: &session.config, kept: Kept::take() };
    let mut items = Vec::new();
    let mut waits = Waits::default();
    let mut report = WorkerReport::new(worker);
    while let Some(budget) = gate.claim(&mut waits) {
        let begun = Instant::now();
        let end = session.source.pull(budget, &mut items, gate);
        let pulled = Instant::now();
        let count = items.len() + usize::from(matches!(end, ChunkEnd::Failed(_)));
        let more = matches!(end, ChunkEnd::Full | ChunkEnd::Failed(_));
        let ticket = gate.pulled(budget, count, more, matches!(end, ChunkEnd::Panicked(_)));
        let Some(ticket) = ticket else { continue };
        let chunk = Chunk { ticket, items: items.drain(..), end };
        let done = station.step(chunk, session.inbox.buffer(), gate, session.on_error);
        let finished = Instant::now();
        report.starved += pulled - begun;
        report.busy += finished - pulled;
        report.items += done.outputs.len();
        session.inbox.put(done, || gate.delivered(ticket, count, finished - begun));
    }
    station.kept.put();
    report.starved += waits.for_input;
    report.blocked += waits.for_consumer;
    session.workers.lock().push(report);
    gate.leave();
}

/// A chunk as it was pulled.
struct Chunk<'a, T> {
    ticket: Ticket,
    items: Drain<'a, T>,
    end: ChunkEnd,
}

/// A worker at work.
struct Station<'a, H: Hooks> {
    worker: &'a Worker,
    config: &'a H::Config,
    kept: Kept<H::ProducerState>,
}

impl<H: Hooks> Station<'_, H> {
    /// Works a chunk as far as it is still wanted.
    fn step(
        &mut self,
        chunk: Chunk<'_, H::Item>,
        outputs: Vec<H::Output>,
        gate: &Gate,
        on_error: OnError,
    ) -> Done<H::Output> {
        let Chunk { ticket, mut items, end } = chunk;
        let behind = ticket.first + items.len();
        let mut done =
            Done { ticket, items: items.len(), outputs, failures: Vec::new(), fatal: None, unworked: 0 };
        done.outputs.reserve(items.len());
        while items.len() > 0 && !gate.is_cut_off(behind - items.len()) {
            let state = match &mut self.kept.state {
                Some(state) => state,
                None => match init::<H>(self.worker, self.config) {
                    Ok(state) => self.kept.state.insert(state),
                    Err(error) => {
                        gate.fail_at(behind - items.len());
                        done.fatal = Some(error);
                        break;
                    }
                },
            };
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                work_items::<H>(self.config, state, &mut items, behind, &mut done.outputs, gate)
            }));
            let cause = match outcome {
                Ok(Ok(())) => break,
                Ok(Err(error)) => Cause::Error(error),
                Err(payload) => {
                    // A state that saw a panic may be broken in any way.
                    self.end_state();
                    Cause::Panic(Panic::from_payload(payload))
                }
            };
            let index = behind - items.len() - 1;
            let error =
                Error::in_hook(ErrorKind::Work, "producer_work", cause).of_worker(self.worker).at_item(index);
            done.failures.push(Failure { index, error });
            if on_error.stops_at_first() {
                gate.fail_at(index);
            }
        }
        done.unworked = drop_all_quietly(items);
        match end {
            ChunkEnd::Full | ChunkEnd::Exhausted => {}
            ChunkEnd::Failed(error) => {
                let error = Error::in_input(Cause::Error(error)).at_item(behind);
                done.failures.push(Failure { index: behind, error });
                done.items += 1;
                if on_error.stops_at_first() {
                    gate.fail_at(behind);
                }
            }
            ChunkEnd::Panicked(panic) => {
                gate.fail_at(behind);
                // A failure to make the state came first.
                done.fatal.get_or_insert_with(|| Error::in_input(Cause::Panic(panic)).at_item(behind));
            }
        }
        done
    }

    /// Ends the state, if there is one; its failure is kept for `close`, the first one if there are several.
    fn end_state(&mut self) {
        let Some(state) = self.kept.state.take() else { return };
        if let Err(cause) = guard(|| H::producer_end(self.config, state)) {
            let error = Error::in_hook(ErrorKind::End, "producer_end", cause).of_worker(self.worker);
            self.kept.end_error.get_or_insert(error);
        }
    }
}

fn init<H: Hooks>(worker: &Worker, config: &H::Config) -> Result<H::ProducerState, Error> {
    guard(|| H::producer_init(worker, config))
        .map_err(|cause| Error::in_hook(ErrorKind::Init, "producer_init", cause).of_worker(worker))
}

/// Works items until one fails, one is cut off, or none is left. The item at fault is the last one taken, whether it
/// failed or panicked; `behind` is the index after the chunk's last item.
#[inline]
fn work_items<H: Hooks>(
    config: &H::Config,
    state: &mut H::ProducerState,
    items: &mut Drain<'_, H::Item>,
    behind: usize,
    outputs: &mut Vec<H::Output>,
    gate: &Gate,
) -> Result<(), HookError> {
    while !gate.is_cut_off(behind - items.len()) {
        let Some(item) = items.next() else { break };
        outputs.push(H::producer_work(config, state, item)?);
    }
    Ok(())
}
