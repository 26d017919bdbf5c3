//! A worker at work: it claims chunks, works them as far as they are wanted, and leaves what came of them in the inbox. No panic
//! of user code gets past here.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, ErrorKind};
use crate::gate::{Gate, Ticket, Waits};
use crate::hooks::{HookError, Hooks};
use crate::inbox::{Done, Failure, Halt};
use crate::options::OnError;
use crate::panic::{Cause, Panic, drop_all_quietly};
use crate::pass::{Pass, Progress, Stage};
use crate::report::WorkerReport;
use crate::session::Session;
use crate::sink::Sink;
use crate::source::{ChunkEnd, Source};
use crate::state::Warm;
use crate::sync::now;
use crate::worker::Worker;

/// Works until there is nothing more to pull, and leaves the outputs with `sink`.
pub(crate) fn work<H, S, K>(session: &Session<H, S>, worker: &Worker, sink: &mut K)
where
    H: Hooks,
    S: Source<Item = H::Item>,
    K: Sink<H>,
{
    let gate = &*session.gate;
    let _leaving = gate.presence();
    let config = &*session.config;
    let mut station = Station { worker, config, warm: Warm::<H>::take(worker, config) };
    let mut buffer = S::Buffer::default();
    let mut waits = Waits::default();
    let mut report = WorkerReport::new(worker);
    while let Some(budget) = gate.claim(&mut waits) {
        let begun = now();
        let (items, end) = session.source.pull(budget, &mut buffer, gate);
        let pulled = now();
        let count = items.len() + usize::from(matches!(end, ChunkEnd::Failed(_)));
        let more = matches!(end, ChunkEnd::Full | ChunkEnd::Failed(_));
        let ticket = gate.pulled(budget, count, more, matches!(end, ChunkEnd::Panicked(_)));
        let Some(ticket) = ticket else { continue };
        sink.open(&session.inbox, items.len());
        let done = station.step::<S, K>(Chunk { ticket, items, end }, sink, gate, session.on_error);
        let finished = now();
        report.starved += pulled - begun;
        report.busy += finished - pulled;
        report.items += done.outputs.len() + done.consumed;
        session.inbox.put(done, || gate.delivered(ticket, count, finished - begun));
    }
    station.warm.put_back();
    report.starved += waits.for_input;
    report.blocked += waits.for_consumer;
    session.workers.lock().push(report);
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
    warm: Warm<'a, H>,
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
            let state = match self.warm.ready() {
                Ok(state) => state,
                Err(error) => {
                    gate.fail_at(behind - items.len());
                    done.fatal = Some(error);
                    break;
                }
            };
            let mut progress = Progress::new(items.len());
            let mut pass =
                Pass::<H, K> { config: self.config, state, sink, gate, behind, progress: &mut progress };
            let outcome = catch_unwind(AssertUnwindSafe(|| match H::BATCH {
                None => pass.work_items(&mut items),
                Some(batch) => pass.work_batches(&mut items, batch.max()),
            }));
            let Progress { stage, left, unconsumed } = progress;
            let at_fault = behind - left..behind - items.len();
            let consumed_to = at_fault.end - unconsumed.len();
            done.dropped += drop_all_quietly(unconsumed);
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
            let error = match stage {
                Stage::Preparing | Stage::Consuming => {
                    gate.stop();
                    done.halt = Some(self.halt(fault, stage, consumed_to.saturating_sub(1)));
                    break;
                }
                Stage::Pulling if at_fault.is_empty() => {
                    gate.fail_at(at_fault.start);
                    done.fatal = Some(Error::in_input(fault.into()).at_item(at_fault.start));
                    break;
                }
                Stage::Pulling => Error::in_input(fault.into()),
                Stage::Working => {
                    if matches!(fault, Fault::Panic(_)) {
                        // A state that saw a panic may be broken in any way.
                        self.warm.end();
                    }
                    Error::in_hook(ErrorKind::Work, "producer_work", fault.into()).of_worker(self.worker)
                }
            };
            if on_error.stops_at_first() {
                gate.fail_at(at_fault.start);
            }
            done.failures.push(Failure::new(at_fault, error));
        }
        (done.outputs, done.consumed) = sink.close();
        done.dropped += S::discard(items);
        match end {
            ChunkEnd::Full | ChunkEnd::Exhausted => {}
            ChunkEnd::Failed(error) => {
                done.last = Some(Failure::new(behind..behind + 1, Error::in_input(Cause::Error(error))));
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
                let error = Error::in_consumer(hook, error).of_worker(self.worker);
                Halt::Error(if at_item { error.at_item(index) } else { error })
            }
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
