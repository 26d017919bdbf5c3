//! One combination at work: the hooks that fail, what they saw, and what the run returned.

use std::ops::ControlFlow;
use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use easycore::{Chunk, ErrorKind, OnError};
use easycore_tests::{
    Accounts, Books, Ended, Fallible, INJECTED, JobRunner, Plan, Refused, Shape, linger, lock, options,
};

use crate::case::{CHUNK, Case, How, ITEMS, Place};
use crate::expect::{Fault, assert_error, expect_all_but, expect_sound};

/// What a consumer hook panics with: not a text, so that nobody can have made it anew.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Payload(pub(crate) Place);

/// What the hooks share.
#[derive(Debug, Default)]
struct Traces {
    /// Whether the fault is still to come.
    armed: AtomicBool,
    /// Whether the panic that leads to it is still to come.
    leading: AtomicBool,
    begun: AtomicUsize,
    /// Items that `producer_work` has made an output of.
    succeeded: AtomicUsize,
    seen: Mutex<Vec<usize>>,
}

impl Traces {
    /// Fails, once.
    fn strike(&self, case: Case) -> Fallible<()> {
        if self.leading.load(Ordering::SeqCst) || !self.armed.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        match (case.how, case.place) {
            (How::Error, _) => Refused::result(INJECTED),
            (
                How::Panic,
                Place::ConsumerInit | Place::ConsumerWork | Place::ConsumerMerge | Place::ConsumerEnd,
            ) => panic_any(Payload(case.place)),
            (How::Panic, _) => panic!("{INJECTED}"),
        }
    }
}

/// A combination, and a runner with its fault.
pub(crate) struct Trial<const ORDERED: bool, const BATCH: usize, const DELAY: u64> {
    case: Case,
    runner: JobRunner<usize, usize, ORDERED, BATCH, DELAY>,
    traces: Arc<Traces>,
    books: Arc<Books>,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) ended: Ended<usize>,
    /// What was consumed, in this order.
    pub(crate) seen: Vec<usize>,
    /// How many items `producer_work` made an output of.
    pub(crate) succeeded: usize,
    pub(crate) accounts: Accounts,
    /// States that were made, and those of them that were not ended when the run returned.
    pub(crate) made: usize,
    pub(crate) living: usize,
    pub(crate) is_active: bool,
    /// Whether the fault did come.
    pub(crate) struck: bool,
}

fn plan(case: Case, traces: &Arc<Traces>) -> Plan<usize, usize> {
    let strike = |place| {
        let traces = Arc::clone(traces);
        move |here: bool| if here && case.place == place { traces.strike(case) } else { Ok(()) }
    };
    let (init, again) = (strike(Place::ProducerInit), strike(Place::ProducerInitAgain));
    let (end, early) = (strike(Place::ProducerEnd), strike(Place::ProducerEndEarly));
    let (work, working) = (strike(Place::ProducerWork), Arc::clone(traces));
    let (begin, beginning) = (strike(Place::ConsumerInit), Arc::clone(traces));
    let (consume, consuming) = (strike(Place::ConsumerWork), Arc::clone(traces));
    let (merge, finish) = (strike(Place::ConsumerMerge), strike(Place::ConsumerEnd));
    Plan::new(move |_, item| {
        linger(item, 10);
        let leads = item == case.item() && working.leading.swap(false, Ordering::SeqCst);
        assert!(!leads, "{INJECTED} before the fault");
        work(item == case.item())?;
        working.succeeded.fetch_add(1, Ordering::SeqCst);
        Ok(item)
    })
    .init(move |worker| {
        init(worker.index() == case.worker())?;
        again(true)
    })
    .end(move |seat| {
        end(seat.worker.index() == case.worker())?;
        early(true)
    })
    .begin(move || {
        let first = beginning.begun.fetch_add(1, Ordering::SeqCst) == 0;
        begin(first != case.consumes_on_a_worker())
    })
    .consume(move |outputs, output| {
        consume(output == case.item())?;
        lock(&consuming.seen).push(output);
        outputs.push(output);
        Ok(ControlFlow::Continue(()))
    })
    .merge(move |_| merge(true))
    .finish(move |_| finish(true))
}

impl<const ORDERED: bool, const BATCH: usize, const DELAY: u64> Trial<ORDERED, BATCH, DELAY> {
    pub(crate) fn new(case: Case) -> Self {
        let traces =
            Traces { armed: true.into(), leading: case.is_led_to_by_a_panic().into(), ..Traces::default() };
        let traces = Arc::new(traces);
        let plan = plan(case, &traces);
        let books = plan.books();
        // The panic that leads to the second `producer_init` is skipped, with its batch.
        let tolerated = if case.place == Place::ProducerInitAgain { Shape::BATCH } else { 0 };
        let runner = JobRunner::new(case.workers, plan)
            .options(options().chunk(Chunk::Exactly(CHUNK)).on_error(OnError::skip(tolerated)));
        Self { case, runner, traces, books }
    }

    /// Runs it, with whatever fault is armed.
    pub(crate) fn run(&mut self) -> Observed {
        let (case, traces) = (self.case, Arc::clone(&self.traces));
        let next = move |index| {
            if case.place == Place::Input && index == case.item() {
                traces.strike(case)?;
            }
            Ok(index)
        };
        lock(&self.traces.seen).clear();
        self.traces.succeeded.store(0, Ordering::SeqCst);
        let take = |output| {
            lock(&self.traces.seen).push(output);
            ControlFlow::Continue(())
        };
        let ended = Ended::of(|| case.way.run(&mut self.runner, ITEMS, next, take));
        let observed = Observed {
            ended,
            seen: lock(&self.traces.seen).clone(),
            succeeded: self.traces.succeeded.load(Ordering::SeqCst),
            accounts: Accounts::of(self.runner.report().expect("there was a run")),
            made: self.books.made(),
            living: self.books.living(),
            is_active: self.runner.is_active(),
            struck: !self.traces.armed.load(Ordering::SeqCst),
        };
        expect_sound(case, &observed);
        observed
    }

    /// Runs it once more, without a fault.
    pub(crate) fn expect_next_run_as_if_nothing_had_happened(&mut self) {
        let case = self.case;
        self.traces.armed.store(false, Ordering::SeqCst);
        self.traces.leading.store(false, Ordering::SeqCst);
        let run = self.run();
        expect_all_but(case, &run, &(0..0));
        assert!(run.is_active, "{case}: {run:?}");
    }

    /// Closes the runner, which fails if the fault is in a `producer_end` that was called by then.
    pub(crate) fn close(&mut self, run: &Observed) {
        let case = self.case;
        let closed = self.runner.close();
        assert_eq!(
            self.books.living(),
            0,
            "{case}: states that producer_end has not seen, of {}",
            self.books.made()
        );
        assert_eq!(self.books.faults(), [""; 0], "{case}");
        assert!(!self.runner.is_active(), "{case}");
        match (case.place, closed) {
            (Place::ProducerEnd, Err(error)) => {
                let fault = Fault { kind: ErrorKind::End, hook: Some("producer_end"), how: case.how };
                assert_error(case, &error, &fault, None);
                assert_eq!(error.worker(), Some(case.worker()), "{case}: {error}");
                // The runner is closed for all that: there is nothing left to fail.
                assert!(self.runner.close().is_ok(), "{case}");
            }
            (Place::ProducerEndEarly, Err(error)) => {
                let fault = Fault { kind: ErrorKind::End, hook: Some("producer_end"), how: case.how };
                assert_error(case, &error, &fault, None);
                let Ended::Badly(first) = &run.ended else { panic!("{case}: {run:?}") };
                assert_eq!(error.worker(), first.worker(), "{case}: {error}, after {first}");
            }
            (Place::ProducerEnd | Place::ProducerEndEarly, Ok(())) => {
                panic!("{case}: the close does not fail")
            }
            (_, closed) => assert!(closed.is_ok(), "{case}: {closed:?}"),
        }
    }
}
