//! A worker at work: it claims chunks, has them worked step by step, and leaves what came of them in the inbox.

use crate::gate::{Claim, Waits};
use crate::handover::{Rest, Unfinished};
use crate::hooks::Hooks;
use crate::inbox::Done;
use crate::report::WorkerReport;
use crate::session::Session;
use crate::sink::Sink;
use crate::source::{ChunkEnd, Source};
use crate::step::{Station, Worked};
use crate::sync::now;
use crate::worker::Worker;

/// Works until there is nothing more to pull or the worker's device is given up, and leaves the outputs with `sink`.
pub(crate) fn work<H, S, K>(session: &Session<H, S>, worker: &Worker, sink: &mut K)
where
    H: Hooks,
    S: Source<Item = H::Item>,
    K: Sink<H>,
{
    let Session { gate, source, inbox, unfinished, roster, .. } = session;
    let _leaving = gate.presence(Some(worker.index()));
    let mut station = Station::new(session, worker);
    let mut buffer = S::Buffer::default();
    let mut waits = Waits::default();
    let mut report = WorkerReport::new(worker);
    while let Some(claim) = gate.claim(worker.index(), &mut waits, || roster.counts_on(worker)) {
        let begun = now();
        let mut pulled = begun;
        let (before, items, outcome) = match claim {
            Claim::Pull(budget) => {
                let (items, end) = source.pull(budget, &mut buffer, gate);
                pulled = now();
                let count = items.len() + usize::from(matches!(end, ChunkEnd::Failed(_)));
                let more = matches!(end, ChunkEnd::Full | ChunkEnd::Failed(_));
                let ticket = gate.pulled(budget, count, more, matches!(end, ChunkEnd::Panicked(_)));
                let Some(ticket) = ticket else {
                    S::discard(items);
                    continue;
                };
                sink.open(inbox, items.len());
                (0, count, station.step(Done::new(ticket, items.len()), items, S::discard, end, sink))
            }
            Claim::Adopt => {
                let Unfinished { done, in_hand, rest, end } = unfinished.take();
                gate.adopted(done.ticket, worker.index());
                station.retry.in_hand = in_hand;
                sink.open(inbox, rest.len());
                (done.worked(), rest.len(), station.step(done, rest, Rest::discard, end, sink))
            }
        };
        let finished = now();
        report.starved += pulled - begun;
        report.busy += finished - pulled;
        match outcome {
            Worked::Done(done) => {
                report.items += done.worked() - before;
                let ticket = done.ticket;
                inbox.put(done, || gate.delivered(ticket, worker.index(), items, finished - begun));
            }
            Worked::Unfinished(rest) => {
                report.items += rest.done.worked() - before;
                unfinished.put(rest, || gate.handed_over());
            }
        }
    }
    report.retries = station.close();
    report.starved += waits.for_input;
    report.blocked += waits.for_consumer;
    session.workers.lock().push(report);
}
