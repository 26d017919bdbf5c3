//! The worker's side: its state, and the step that turns a pulled chunk into a finished one. Everything here runs on the
//! worker's own thread, and no panic of user code leaves it.

use std::any::Any;
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::error::{Error, ErrorKind};
use crate::gate::{Gate, Ticket, Waits};
use crate::hooks::{HookError, Hooks};
use crate::inbox::{Done, Failure, Halt};
use crate::options::OnError;
use crate::panic::{Cause, Panic, guard};
use crate::report::WorkerReport;
use crate::session::Session;
use crate::sink::Sink;
use crate::source::{ChunkEnd, Source};
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

/// Works until there is nothing more to pull, and leaves the outputs with `sink`.
pub(crate) fn work<H, S, K>(session: &Session<H, S>, worker: &Worker, sink: &mut K)
where
    H: Hooks,
    S: Source<Item = H::Item>,
    K: Sink<H>,
{
    let gate = &*session.gate;
    let mut station = Station::<H> { worker, config: &session.config, kept: Kept::take() };
    let mut buffer = S::Buffer::default();
    let mut waits = Waits::default();
    let mut report = WorkerReport::new(worker);
    while let Some(budget) = gate.claim(&mut waits) {
        let begun = Instant::now();
        let (items, end) = session.source.pull(budget, &mut buffer, gate);
        let pulled = Instant::now();
        let count = items.len() + usize::from(matches!(end, ChunkEnd::Failed(_)));
        let more = matches!(end, ChunkEnd::Full | ChunkEnd::Failed(_));
        let ticket = gate.pulled(budget, count, more, matches!(end, ChunkEnd::Panicked(_)));
        let Some(ticket) = ticket else { continue };
        sink.open(&session.inbox, items.len());
        let done = station.step::<S, K>(Chunk { ticket, items, end }, sink, gate, session.on_error);
        let finished = Instant::now();
        report.starved += pulled - begun;
        report.busy += finished - pulled;
        report.items += count - done.unworked - done.failures.len();
        session.inbox.put(done, || gate.delivered(ticket, count, finished - begun));
    }
    station.kept.put();
    report.starved += waits.for_input;
    report.blocked += waits.for_consumer;
    session.workers.lock().push(report);
    gate.leave();
}

/// A chunk as it was pulled.
struct Chunk<I> {
    ticket: Ticket,
    items: I,
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
    fn step<S, K>(
        &mut self,
        chunk: Chunk<S::Chunk<'_>>,
        sink: &mut K,
        gate: &Gate,
        on_error: OnError,
    ) -> Done<H::Output>
    where
        S: Source<Item = H::Item>,
        K: Sink<H>,
    {
        let Chunk { ticket, mut items, end } = chunk;
        let behind = ticket.first + items.len();
        let mut done = Done::new(ticket, items.len());
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
            let mut progress = Progress { stage: Stage::Preparing, left: items.len() };
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                work_items::<H, _, K>(self.config, state, &mut items, behind, sink, gate, &mut progress)
            }));
            let fault = match outcome {
                Ok(Ok(ControlFlow::Continue(()))) => break,
                Ok(Ok(ControlFlow::Break(()))) => {
                    gate.stop();
                    done.halt = Some(Halt::Break);
                    break;
                }
                Ok(Err(error)) => Fault::Error(error),
                Err(payload) => Fault::Panic(payload),
            };
            // The item at fault is the last one taken.
            let index = behind - progress.left;
            match progress.stage {
                Stage::Pulling if items.len() == progress.left => {
                    gate.fail_at(index);
                    done.fatal = Some(Error::in_input(fault.into()).at_item(index));
                    break;
                }
                Stage::Pulling => {
                    let error = Error::in_input(fault.into()).at_item(index);
                    done.failures.push(Failure { index, error });
                }
                Stage::Working => {
                    if matches!(fault, Fault::Panic(_)) {
                        // A state that saw a panic may be broken in any way.
                        self.end_state();
                    }
                    let error = Error::in_hook(ErrorKind::Work, "producer_work", fault.into());
                    done.failures.push(Failure { index, error: error.of_worker(self.worker).at_item(index) });
                }
                Stage::Preparing | Stage::Consuming => {
                    gate.stop();
                    done.halt = Some(self.halt(fault, progress.stage, index));
                    break;
                }
            }
            if on_error.stops_at_first() {
                gate.fail_at(index);
            }
        }
        (done.outputs, done.consumed) = sink.close();
        done.unworked = S::discard(items);
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

    /// What a consumer hook that failed on this thread means for the run.
    fn halt(&self, fault: Fault, stage: Stage, index: usize) -> Halt {
        let at_item = matches!(stage, Stage::Consuming);
        match fault {
            Fault::Panic(payload) => Halt::Panic { payload, at_item },
            Fault::Error(error) => {
                let hook = if at_item { "consumer_work" } else { "consumer_init" };
                let error =
                    Error::in_hook(ErrorKind::Consumer, hook, Cause::Error(error)).of_worker(self.worker);
                Halt::Error(if at_item { error.at_item(index) } else { error })
            }
        }
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

/// How far [`work_items`] has come.
#[derive(Debug)]
struct Progress {
    stage: Stage,
    /// How many items were left before the one in hand was taken.
    left: usize,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Preparing,
    Pulling,
    Working,
    Consuming,
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

/// Works items until something fails, an item is cut off, or none is left. `progress` tells what was going on;
/// `behind` is the index after the chunk's last item.
#[inline]
fn work_items<H, I, K>(
    config: &H::Config,
    state: &mut H::ProducerState,
    items: &mut I,
    behind: usize,
    sink: &mut K,
    gate: &Gate,
    progress: &mut Progress,
) -> Result<ControlFlow<()>, HookError>
where
    H: Hooks,
    I: ExactSizeIterator<Item = H::Item>,
    K: Sink<H>,
{
    sink.prepare(config)?;
    loop {
        *progress = Progress { stage: Stage::Pulling, left: items.len() };
        if gate.is_cut_off(behind - progress.left) {
            break;
        }
        let Some(item) = items.next() else { break };
        progress.stage = Stage::Working;
        let output = H::producer_work(config, state, item)?;
        progress.stage = Stage::Consuming;
        if sink.accept(config, output)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}
