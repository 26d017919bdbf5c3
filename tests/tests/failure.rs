//! Failure: whichever hook fails, in whichever way, at whichever item, the run returns the right error, and the next run
//! gives the right result.

use std::error::Error as _;
use std::fmt;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;

use easycore::{Canceller, Chunk, Device, Error, ErrorKind, Options, Panic};
use easycore_tests::{Books, Fallible, JobRunner, PATIENCE, Plan, Refused, assert_accounts, lock, watched};

const ITEMS: usize = 300;
const FIRST_MIDDLE_LAST: [usize; 3] = [0, ITEMS / 2, ITEMS - 1];
const WORKERS: [usize; 3] = [1, 2, 8];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    ProducerInit,
    ProducerWork,
    ProducerEnd,
    ConsumerInit,
    ConsumerWork,
    ConsumerEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Error,
    Panic,
}

/// What a consumer hook panics with: not a text, so that nobody can have made it anew.
#[derive(Debug, PartialEq, Eq)]
struct Payload(usize);

#[derive(Debug, Clone, Copy)]
struct Case {
    place: Place,
    way: Way,
    /// The item, or for `producer_init` and `producer_end` the worker.
    at: usize,
    workers: usize,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What a run left behind.
#[derive(Debug, Default)]
struct Traces {
    /// Whether the fault is still to come.
    armed: AtomicBool,
    /// `producer_work`s that are running.
    at_work: AtomicUsize,
    /// `producer_work`s that have succeeded.
    succeeded: AtomicUsize,
    consumed: Mutex<Vec<usize>>,
    finished: AtomicBool,
}

impl Traces {
    /// Fails at `at`, once.
    fn strike(&self, case: Case, place: Place, at: usize) -> Fallible<()> {
        if case.place != place || case.at != at || !self.armed.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        match (case.way, place) {
            (Way::Error, _) => Refused::result("broken\n  in two lines"),
            (Way::Panic, Place::ConsumerInit | Place::ConsumerWork | Place::ConsumerEnd) => {
                panic_any(Payload(at))
            }
            (Way::Panic, _) => panic!("broken\n  in two lines"),
        }
    }
}

/// Counts a hook as running for as long as it lives, panic or not.
struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    fn new(gauge: &'a AtomicUsize) -> Self {
        gauge.fetch_add(1, Ordering::SeqCst);
        Self(gauge)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn plan(case: Case, traces: &Arc<Traces>) -> Plan<usize, usize> {
    let at = |place| {
        let traces = Arc::clone(traces);
        move |at| traces.strike(case, place, at)
    };
    let (init, end) = (at(Place::ProducerInit), at(Place::ProducerEnd));
    let (begin, finish) = (at(Place::ConsumerInit), at(Place::ConsumerEnd));
    let (working, consuming, finishing) = (Arc::clone(traces), Arc::clone(traces), Arc::clone(traces));
    Plan::new(move |_, item| {
        let _running = Running::new(&working.at_work);
        working.strike(case, Place::ProducerWork, item)?;
        working.succeeded.fetch_add(1, Ordering::SeqCst);
        Ok(item)
    })
    .init(move |worker| init(worker.index()))
    .end(move |seat| end(seat.worker.index()))
    .begin(move || begin(case.at))
    .consume(move |outputs, output| {
        consuming.strike(case, Place::ConsumerWork, output)?;
        lock(&consuming.consumed).push(output);
        outputs.push(output);
        Ok(ControlFlow::Continue(()))
    })
    .finish(move |_| {
        finishing.finished.store(true, Ordering::SeqCst);
        finish(case.at)
    })
}

/// A runner whose fault is armed, what it leaves behind, and the books of its states.
fn runner<const ORDERED: bool>(case: Case) -> (JobRunner<usize, usize, ORDERED>, Arc<Traces>, Arc<Books>) {
    let traces = Arc::new(Traces { armed: AtomicBool::new(true), ..Traces::default() });
    let plan = plan(case, &traces);
    let books = plan.books();
    (JobRunner::new(case.workers, plan), traces, books)
}

/// What every error tells.
fn assert_error(error: &Error, case: Case, kind: ErrorKind, hook: Option<&'static str>, item: Option<usize>) {
    assert_eq!(error.kind(), kind, "{case}: {error}");
    assert_eq!(error.hook(), hook, "{case}: {error}");
    assert_eq!(error.item(), item, "{case}: {error}");
    assert_eq!(error.is_panic(), case.way == Way::Panic, "{case}: {error}");
    let source = error.source().expect("the user's own error is the source");
    match case.way {
        Way::Error => {
            let refused = source.downcast_ref::<Refused>().expect("the user's own type");
            assert_eq!(refused.0, "broken\n  in two lines", "{case}");
        }
        Way::Panic => {
            let panic = source.downcast_ref::<Panic>().expect("a panic");
            assert_eq!(panic.message(), "broken\n  in two lines", "{case}");
        }
    }
    let line = error.to_string();
    assert!(!line.contains(['\n', '\r']), "one line: {line:?}");
    assert!(line.ends_with("broken in two lines"), "the cause's text: {line}");
    assert!(line.contains(hook.unwrap_or("input")), "names the hook: {line}");
    if let Some(item) = item {
        assert!(line.contains(&format!("item {item}")), "names the item: {line}");
    }
}

fn assert_on_a_worker(error: &Error, case: Case) {
    assert_eq!(error.device(), Some(&Device::Cpu), "{case}: {error}");
    let worker = error.worker().expect("it was on a worker");
    assert!(worker < case.workers, "{case}: {error}");
    assert!(error.to_string().contains(&format!("on cpu (worker {worker})")), "{case}: {error}");
}

fn assert_on_the_caller(error: &Error, case: Case) {
    assert_eq!((error.device(), error.worker()), (None, None), "{case}: {error}");
}

/// The next run gives the right result, and afterwards every state has been ended once.
fn assert_as_good_as_before<const ORDERED: bool>(
    mut runner: JobRunner<usize, usize, ORDERED>,
    traces: &Traces,
    books: &Books,
    case: Case,
) {
    assert!(!traces.armed.load(Ordering::SeqCst), "{case}: the fault did come");
    let mut outputs = runner.run(0..ITEMS).unwrap_or_else(|error| panic!("{case}: the next run: {error}"));
    if !ORDERED {
        outputs.sort_unstable();
    }
    assert!(outputs.iter().copied().eq(0..ITEMS), "{case}: the next run gives {outputs:?}");
    assert_eq!(runner.report().map(easycore::Report::consumed), Some(ITEMS), "{case}");
    assert_accounts(runner.report());
    runner.close().unwrap_or_else(|error| panic!("{case}: close: {error}"));
    books.assert_all_ended();
}

/// What was consumed when item `at` failed before its output reached the consumer.
fn assert_consumed<const ORDERED: bool>(traces: &Traces, outputs: &[usize], case: Case) {
    assert_eq!(*lock(&traces.consumed), outputs, "{case}: run_into keeps what was consumed");
    assert_eq!(traces.at_work.load(Ordering::SeqCst), 0, "{case}: the workers are at rest");
    if ORDERED {
        assert!(
            outputs.iter().copied().eq(0..case.at),
            "{case}: everything before, nothing after: {outputs:?}"
        );
    } else {
        let succeeded = traces.succeeded.load(Ordering::SeqCst);
        assert_eq!(outputs.len(), succeeded, "{case}: whatever had succeeded is consumed");
        let mut sorted = outputs.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), outputs.len(), "{case}: each once");
        assert!(!sorted.contains(&case.at), "{case}");
    }
}

fn for_each_case(place: Place, at: &[usize], check: fn(Case, bool)) {
    for workers in WORKERS {
        for way in [Way::Error, Way::Panic] {
            for &at in at {
                for ordered in [true, false] {
                    let case = Case { place, way, at, workers };
                    watched(format!("{case}, ordered: {ordered}"), move || check(case, ordered));
                }
            }
        }
    }
}

/// Calls a check in the order that is only known at run time.
macro_rules! in_order {
    ($check:ident) => {
        |case, ordered| if ordered { $check::<true>(case) } else { $check::<false>(case) }
    };
}

fn producer_work_fails<const ORDERED: bool>(case: Case) {
    let (mut runner, traces, books) = runner::<ORDERED>(case);
    let mut outputs = Vec::new();
    let error = runner.run_into(&mut outputs, 0..ITEMS).expect_err("one item fails");
    assert_error(&error, case, ErrorKind::Work, Some("producer_work"), Some(case.at));
    assert_on_a_worker(&error, case);
    assert_consumed::<ORDERED>(&traces, &outputs, case);
    let report = runner.report().expect("there was a run");
    assert_eq!((report.consumed(), report.failed()), (outputs.len(), 1), "{case}");
    assert_accounts(Some(report));
    assert_as_good_as_before(runner, &traces, &books, case);
}

#[test]
fn a_failure_of_producer_work_comes_back_after_what_the_order_demands_and_the_next_run_works() {
    for_each_case(Place::ProducerWork, &FIRST_MIDDLE_LAST, in_order!(producer_work_fails));
}

fn producer_init_fails<const ORDERED: bool>(case: Case) {
    let case = Case { at: case.at.min(case.workers - 1), ..case };
    let (mut runner, traces, books) = runner::<ORDERED>(case);
    let mut outputs = Vec::new();
    let error = runner.run_into(&mut outputs, 0..ITEMS).expect_err("one worker cannot start");
    assert_error(&error, case, ErrorKind::Init, Some("producer_init"), None);
    assert_on_a_worker(&error, case);
    assert_eq!(error.worker(), Some(case.at), "{case}");
    assert!(outputs.is_empty() && !runner.is_active(), "{case}");
    assert_eq!(books.made(), case.workers - 1, "{case}: the others did start");
    books.assert_all_ended();
    assert_as_good_as_before(runner, &traces, &books, case);
}

#[test]
fn a_failure_of_producer_init_names_the_worker_and_ends_the_others_and_the_next_run_tries_again() {
    for_each_case(Place::ProducerInit, &[0, 3, 7], in_order!(producer_init_fails));
}

fn producer_end_fails<const ORDERED: bool>(case: Case) {
    let case = Case { at: case.at.min(case.workers - 1), ..case };
    let (mut runner, traces, books) = runner::<ORDERED>(case);
    assert_eq!(runner.run(0..ITEMS).expect("nothing fails yet").len(), ITEMS);
    let error = runner.close().expect_err("one worker cannot end");
    assert_error(&error, case, ErrorKind::End, Some("producer_end"), None);
    assert_on_a_worker(&error, case);
    assert_eq!(error.worker(), Some(case.at), "{case}");
    assert!(!runner.is_active(), "{case}");
    assert_eq!(books.made(), case.workers, "{case}");
    books.assert_all_ended();
    runner.close().expect("there is nothing left to end");
    assert_as_good_as_before(runner, &traces, &books, case);
}

#[test]
fn a_failure_of_producer_end_is_returned_by_close_after_all_states_were_ended_and_the_next_run_works() {
    for_each_case(Place::ProducerEnd, &[0, 3, 7], in_order!(producer_end_fails));
}

/// What a run that ends with a consumer hook's fault leaves: the error, or the panic's own payload.
fn consumer_fault<const ORDERED: bool>(
    runner: &mut JobRunner<usize, usize, ORDERED>,
    case: Case,
) -> Option<Error> {
    let outcome = catch_unwind(AssertUnwindSafe(|| runner.run(0..ITEMS)));
    match (case.way, outcome) {
        (Way::Error, Ok(Err(error))) => Some(error),
        (Way::Panic, Err(payload)) => {
            assert_eq!(payload.downcast_ref(), Some(&Payload(case.at)), "{case}: its own payload");
            None
        }
        (_, outcome) => panic!("{case}: {outcome:?}"),
    }
}

fn consumer_work_fails<const ORDERED: bool>(case: Case) {
    let (mut runner, traces, books) = runner::<ORDERED>(case);
    let error = consumer_fault(&mut runner, case);
    assert_eq!(traces.at_work.load(Ordering::SeqCst), 0, "{case}: the workers are at rest");
    assert!(!traces.finished.load(Ordering::SeqCst), "{case}: consumer_end does not run after an error");
    if let Some(error) = error {
        // Unordered, the index of an output is still that of its item.
        assert_error(&error, case, ErrorKind::Consumer, Some("consumer_work"), Some(case.at));
        assert_on_the_caller(&error, case);
    }
    let consumed = lock(&traces.consumed).clone();
    assert!(!ORDERED || consumed.iter().copied().eq(0..case.at), "{case}: {consumed:?}");
    let report = runner.report().expect("there was a run");
    assert_eq!((report.consumed(), report.failed()), (consumed.len(), 1), "{case}: {report}");
    assert_accounts(Some(report));
    assert_as_good_as_before(runner, &traces, &books, case);
}

#[test]
fn a_failure_of_consumer_work_ends_the_run_there_and_its_panic_unwinds_with_its_own_payload() {
    for_each_case(Place::ConsumerWork, &FIRST_MIDDLE_LAST, in_order!(consumer_work_fails));
}

fn consumer_init_fails<const ORDERED: bool>(case: Case) {
    let (mut runner, traces, books) = runner::<ORDERED>(case);
    if let Some(error) = consumer_fault(&mut runner, case) {
        assert_error(&error, case, ErrorKind::Consumer, Some("consumer_init"), None);
        assert_on_the_caller(&error, case);
    }
    assert_eq!(traces.succeeded.load(Ordering::SeqCst), 0, "{case}: nothing is worked");
    assert!(!traces.finished.load(Ordering::SeqCst), "{case}: consumer_end does not run after an error");
    assert_as_good_as_before(runner, &traces, &books, case);
}

#[test]
fn a_failure_of_consumer_init_prevents_the_run_and_the_next_run_works() {
    for_each_case(Place::ConsumerInit, &[0], in_order!(consumer_init_fails));
}

fn consumer_end_fails<const ORDERED: bool>(case: Case) {
    let (mut runner, traces, books) = runner::<ORDERED>(case);
    if let Some(error) = consumer_fault(&mut runner, case) {
        assert_error(&error, case, ErrorKind::Consumer, Some("consumer_end"), None);
        assert_on_the_caller(&error, case);
    }
    assert_eq!(lock(&traces.consumed).len(), ITEMS, "{case}");
    assert_accounts(runner.report());
    assert_as_good_as_before(runner, &traces, &books, case);
}

#[test]
fn a_failure_of_consumer_end_is_the_runs_and_the_next_run_works() {
    for_each_case(Place::ConsumerEnd, &[0], in_order!(consumer_end_fails));
}

/// A case without a fault in a hook: `at` and `way` say what the input does.
fn traced<const ORDERED: bool>(case: Case) -> (JobRunner<usize, usize, ORDERED>, Arc<Traces>, Arc<Books>) {
    let (runner, traces, books) = runner::<ORDERED>(Case { at: usize::MAX, ..case });
    traces.armed.store(false, Ordering::SeqCst);
    (runner, traces, books)
}

fn input_panics<const ORDERED: bool>(case: Case) {
    let (mut runner, traces, books) = traced::<ORDERED>(case);
    let mut outputs = Vec::new();
    let input = (0..ITEMS).inspect(|&item| assert!(item != case.at, "broken\n  in two lines"));
    let error = runner.run_into(&mut outputs, input).expect_err("the input panics");
    assert_error(&error, Case { way: Way::Panic, ..case }, ErrorKind::Input, None, Some(case.at));
    assert_on_the_caller(&error, case);
    assert_consumed::<ORDERED>(&traces, &outputs, case);
    let report = runner.report().expect("there was a run");
    assert_eq!(
        (report.pulled(), report.failed()),
        (case.at, 0),
        "{case}: an item that never came is not pulled"
    );
    assert_accounts(Some(report));
    assert_as_good_as_before(runner, &traces, &books, case);
}

fn input_yields_an_error<const ORDERED: bool>(case: Case) {
    let (mut runner, traces, books) = traced::<ORDERED>(case);
    let input = (0..ITEMS).map(|item| {
        if item == case.at { Err(Refused("broken\n  in two lines".to_owned())) } else { Ok(item) }
    });
    let error = runner.try_run(input).expect_err("the input fails");
    assert_error(&error, case, ErrorKind::Input, None, Some(case.at));
    assert_on_the_caller(&error, case);
    let consumed = lock(&traces.consumed).clone();
    assert_consumed::<ORDERED>(&traces, &consumed, case);
    assert!(!traces.finished.load(Ordering::SeqCst), "{case}: consumer_end does not run after an error");
    let report = runner.report().expect("there was a run");
    assert_eq!(
        (report.consumed(), report.failed()),
        (consumed.len(), 1),
        "{case}: an Err item is pulled, and fails"
    );
    assert_accounts(Some(report));
    assert_as_good_as_before(runner, &traces, &books, case);
}

fn input_fails<const ORDERED: bool>(case: Case) {
    match case.way {
        Way::Error => input_yields_an_error::<ORDERED>(case),
        Way::Panic => input_panics::<ORDERED>(case),
    }
}

#[test]
fn a_failure_of_the_input_comes_back_after_what_the_order_demands_and_the_next_run_works() {
    for_each_case(Place::ConsumerEnd, &FIRST_MIDDLE_LAST, in_order!(input_fails));
}

/// The whole input in one go, from a type whose `into_iter` fails.
struct Unopenable;

impl IntoIterator for Unopenable {
    type Item = usize;
    type IntoIter = std::ops::Range<usize>;

    fn into_iter(self) -> Self::IntoIter {
        panic!("cannot be opened")
    }
}

#[test]
fn a_panic_of_into_iter_is_an_error_of_the_input() {
    watched("into_iter panics", || {
        let mut runner = JobRunner::<_, _, true>::new(2, easycore_tests::identity());
        let error = runner.run(Unopenable).expect_err("it panics");
        assert_eq!((error.kind(), error.is_panic()), (ErrorKind::Input, true));
        assert_eq!(runner.run(0..3).expect("nothing fails"), [0, 1, 2]);
    });
}

#[test]
fn of_many_failures_the_ordered_run_returns_the_first_in_input_order() {
    for workers in WORKERS {
        for round in 0..20 {
            watched(format!("{workers} workers, round {round}"), move || {
                let plan =
                    Plan::new(|_, item: usize| if item < 100 { Ok(item) } else { Refused::result("late") });
                let mut runner = JobRunner::<_, usize, true>::new(workers, plan)
                    .options(Options::new().chunk(Chunk::Exactly(1)));
                let mut outputs = Vec::new();
                let error = runner.run_into(&mut outputs, 0..ITEMS).expect_err("most items fail");
                assert_eq!(error.item(), Some(100));
                assert!(outputs.into_iter().eq(0..100));
                assert_accounts(runner.report());
            });
        }
    }
}

#[test]
fn an_error_can_cross_threads_and_outlive_its_runner() {
    fn assert_portable<T: Send + Sync + 'static>(_: &T) {}
    let plan = Plan::new(|_, _: usize| Refused::result::<usize>("no"));
    let error = JobRunner::<_, _, true>::new(1, plan).run(0..1).expect_err("it fails");
    assert_portable(&error);
    let _: Box<dyn std::error::Error + Send + Sync> = Box::new(error);
}

fn partial_chunk<const ORDERED: bool>() {
    let worked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&worked);
    let plan = Plan::new(move |_, item: usize| {
        counting.fetch_add(1, Ordering::SeqCst);
        if item == 7 { Refused::result("seven") } else { Ok(item) }
    });
    let mut runner =
        JobRunner::<_, _, ORDERED>::new(1, plan).options(Options::new().chunk(Chunk::Exactly(20)).window(20));
    let mut outputs = Vec::new();
    runner.run_into(&mut outputs, 0..20).expect_err("item 7 fails");
    assert_eq!(outputs, [0, 1, 2, 3, 4, 5, 6], "the finished part of the chunk is consumed");
    assert_eq!(worked.load(Ordering::SeqCst), 8, "the rest of the chunk is not worked");
    assert_accounts(runner.report());
}

#[test]
fn the_finished_part_of_a_failing_chunk_is_consumed_and_the_rest_is_not_worked() {
    watched("ordered", partial_chunk::<true>);
    watched("unordered", partial_chunk::<false>);
}

/// Item 0 fails once item 1 has met its own fate.
fn item_0_fails_after_item_1<const ORDERED: bool>(item_1_fails: bool) {
    watched(format!("ordered: {ORDERED}, item 1 fails: {item_1_fails}"), move || {
        let (done, wait) = mpsc::channel();
        let wait = Mutex::new(wait);
        let plan = Plan::new(move |_, item: usize| {
            if item == 0 {
                lock(&wait).recv_timeout(PATIENCE)?;
            } else {
                done.send(())?;
            }
            if item == 0 || item_1_fails { Refused::result(item.to_string()) } else { Ok(item) }
        });
        let mut runner =
            JobRunner::<_, _, ORDERED>::new(2, plan).options(Options::new().chunk(Chunk::Exactly(1)));
        let mut outputs = Vec::new();
        let error = runner.run_into(&mut outputs, 0..2).expect_err("item 0 fails in any case");
        let report = runner.report().expect("there was a run");
        let counts = (report.consumed(), report.failed(), report.discarded());
        match (ORDERED, item_1_fails) {
            (true, true) => assert_eq!((error.item(), counts), (Some(0), (0, 2, 0))),
            (true, false) => assert_eq!((error.item(), counts), (Some(0), (0, 1, 1))),
            (false, true) => assert_eq!((error.kind(), counts), (ErrorKind::Work, (0, 2, 0))),
            (false, false) => assert_eq!((error.item(), counts), (Some(0), (1, 1, 0))),
        }
        assert_eq!(report.pulled(), 2);
        assert_eq!(outputs.len(), report.consumed());
    });
}

#[test]
fn later_failures_count_as_failed_and_later_results_as_discarded_unless_they_may_be_consumed() {
    for item_1_fails in [true, false] {
        item_0_fails_after_item_1::<true>(item_1_fails);
        item_0_fails_after_item_1::<false>(item_1_fails);
    }
}

/// How the consumer leaves a run whose worker is in the middle of an item.
#[derive(Debug, Clone, Copy)]
enum Leaving {
    Error,
    Panic,
    Break,
    Cancel,
}

fn leaves_while_a_worker_works<const ORDERED: bool>(leaving: Leaving) {
    watched(format!("ordered: {ORDERED}, {leaving:?}"), move || {
        let (left, wait) = mpsc::channel();
        let (at_work, canceller) = (Arc::new(AtomicUsize::new(0)), Arc::new(OnceLock::<Canceller>::new()));
        let (started, start) = mpsc::channel();
        let (wait, start) = (Mutex::new(wait), Mutex::new(start));
        let (gauge, cancelling) = (Arc::clone(&at_work), Arc::clone(&canceller));
        let plan = Plan::new(move |_, item: usize| {
            if item == 1 {
                let _running = Running::new(&gauge);
                started.send(())?;
                lock(&wait).recv_timeout(PATIENCE)?;
                // The run has every chance to return too early.
                (0..50).for_each(|_| thread::yield_now());
            }
            Ok(item)
        })
        .consume(move |_, _| {
            lock(&start).recv_timeout(PATIENCE)?;
            left.send(())?;
            match leaving {
                Leaving::Error => Refused::result("leaving"),
                Leaving::Panic => panic!("leaving"),
                Leaving::Break => Ok(ControlFlow::Break(())),
                Leaving::Cancel => {
                    cancelling.get().expect("it is set before the run").cancel();
                    Ok(ControlFlow::Continue(()))
                }
            }
        });
        let books = plan.books();
        let mut runner =
            JobRunner::<_, _, ORDERED>::new(2, plan).options(Options::new().chunk(Chunk::Exactly(1)));
        assert!(canceller.set(runner.canceller()).is_ok());
        // Item 1 is in work as long as item 0 is being consumed.
        let outcome = catch_unwind(AssertUnwindSafe(|| runner.run(0..2)));
        assert_eq!(at_work.load(Ordering::SeqCst), 0, "the worker has come to rest");
        match leaving {
            Leaving::Panic => assert!(outcome.is_err()),
            Leaving::Break => assert!(outcome.is_ok_and(|result| result.is_ok())),
            Leaving::Error | Leaving::Cancel => assert!(outcome.is_ok_and(|result| result.is_err())),
        }
        assert_accounts(runner.report());
        drop(runner);
        books.assert_all_ended();
    });
}

#[test]
fn the_workers_are_at_rest_when_a_run_returns_or_unwinds() {
    for leaving in [Leaving::Error, Leaving::Panic, Leaving::Break, Leaving::Cancel] {
        leaves_while_a_worker_works::<true>(leaving);
        leaves_while_a_worker_works::<false>(leaving);
    }
}

#[test]
fn an_error_shows_all_there_is_to_know_of_it_to_whoever_debugs_it() {
    watched("debug", || {
        let plan = Plan::new(|_, _: usize| Refused::result::<usize>("no"));
        let error = JobRunner::<_, _, true>::new(1, plan).run([7]).expect_err("it fails");
        let shown = format!("{error:?}");
        for part in ["Work", "producer_work", "Cpu", "worker: Some(0)", "0..1", r#"Refused("no")"#] {
            assert!(shown.contains(part), "{part} is not in {shown}");
        }
    });
}

#[test]
fn a_cause_without_a_text_is_said_to_have_none() {
    watched("no text", || {
        let plan = Plan::new(|_, _: usize| Refused::result::<usize>(""));
        let error = JobRunner::<_, _, true>::new(1, plan).run([7]).expect_err("it fails");
        let line = "producer_work failed at item 0 on cpu (worker 0): an error without a text";
        assert_eq!(error.to_string(), line);
    });
}

#[test]
fn a_cause_of_many_pages_is_cut_short_in_the_line_and_whole_in_its_source() {
    let text = format!("no memory\n{}", "frame ".repeat(1_000));
    let plan = Plan::<usize, usize>::new(move |_, _| Refused::result(text.clone()));
    let error = JobRunner::<_, _, true>::new(1, plan).run([1]).expect_err("the item is refused");
    let line = error.to_string();
    assert!(
        line.starts_with("producer_work failed at item 0 on cpu (worker 0): no memory frame frame"),
        "{line}"
    );
    assert!(line.ends_with("… (5510 more characters in its source)"), "{line}");
    assert!(line.chars().count() < 650, "{line}");
    assert_eq!(error.source().map(|source| source.to_string().len()), Some(6_010));
}
