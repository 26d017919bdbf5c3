//! Whoever is told of failed items sees each of them once, as the run judges it, and may do what it likes.

use std::fs::{self, File};
use std::io::Write as _;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier, Mutex, OnceLock, mpsc};
use std::thread::{self, ThreadId};

use easycore::{Canceller, Chunk, ErrorKind, FailedItem, OnError, Options, Report, parallel_runner};
use easycore_tests::{
    Fallible as Result, JobRunner, PATIENCE, Plan, Refused, assert_accounts, identity, lock, watched,
};

const WORKERS: [usize; 3] = [1, 2, 8];

fn for_each_worker_count(check: fn(usize)) {
    for workers in WORKERS {
        watched(format!("{workers} workers"), move || check(workers));
    }
}

/// What was told of a failed item, and on which thread.
#[derive(Debug, Clone)]
struct Seen {
    index: usize,
    count: usize,
    kind: ErrorKind,
    is_panic: bool,
    thread: ThreadId,
}

#[derive(Debug, Clone, Default)]
struct Letters(Arc<Mutex<Vec<Seen>>>);

impl Letters {
    fn options(&self, policy: OnError) -> Options {
        let letters = self.clone();
        Options::new().on_error(policy).on_failure(move |failed| letters.note(failed))
    }

    fn note(&self, failed: &FailedItem) {
        let FailedItem { index, count, error, .. } = failed;
        assert_eq!(error.items(), Some(*index..index + count));
        lock(&self.0).push(Seen {
            index: *index,
            count: *count,
            kind: error.kind(),
            is_panic: error.is_panic(),
            thread: thread::current().id(),
        });
    }

    fn all(&self) -> Vec<Seen> {
        lock(&self.0).clone()
    }

    fn places(&self) -> Vec<(usize, usize)> {
        self.all().into_iter().map(|seen| (seen.index, seen.count)).collect()
    }

    /// Every item that failed was told of, once, on this thread.
    fn assert_complete(&self, report: Option<&Report>) {
        assert_accounts(report);
        let report = report.expect("there was a run");
        let seen = self.all();
        let items: usize = seen.iter().map(|seen| seen.count).sum();
        assert_eq!(items, report.skipped() + report.failed(), "{seen:?}");
        assert!(seen.iter().all(|seen| seen.thread == thread::current().id()), "on the consumer's thread");
        let mut places = self.places();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), seen.len(), "none twice");
    }
}

/// Fails at every multiple of ten: by error, or by panic where the tens are odd.
fn tens_fail() -> Plan<usize, usize> {
    Plan::new(|_, item: usize| {
        assert!(item % 20 != 10, "odd {item}");
        if item.is_multiple_of(20) { Refused::result(format!("even {item}")) } else { Ok(item) }
    })
}

fn tens() -> Vec<(usize, usize)> {
    (0..300).step_by(10).map(|index| (index, 1)).collect()
}

#[test]
fn skipped_items_are_told_of_in_input_order() {
    for_each_worker_count(|workers| {
        let letters = Letters::default();
        let mut runner = JobRunner::<_, _, true>::new(workers, tens_fail())
            .options(letters.options(OnError::skip(usize::MAX)));
        runner.run(0..300).expect("failures are tolerated");
        assert_eq!(letters.places(), tens());
        assert!(letters.all().iter().all(|seen| seen.is_panic == (seen.index % 20 == 10)));
        letters.assert_complete(runner.report());
        let outputs = runner.stream(0..300).filter_map(std::result::Result::ok).count();
        assert_eq!((outputs, letters.places()), (270, [tens(), tens()].concat()), "of a stream's, too");
    });
}

#[test]
fn skipped_items_of_an_unordered_run_are_told_of() {
    for_each_worker_count(|workers| {
        let letters = Letters::default();
        let mut runner = JobRunner::<_, _, false>::new(workers, tens_fail())
            .options(letters.options(OnError::skip(usize::MAX)));
        runner.run(0..300).expect("failures are tolerated");
        letters.assert_complete(runner.report());
        let mut places = letters.places();
        places.sort_unstable();
        assert_eq!(places, tens());
    });
}

#[test]
fn more_are_told_of_than_a_report_lists() {
    watched("3,000 failures", || {
        let letters = Letters::default();
        let plan = Plan::new(|_, _: usize| Refused::result::<usize>("all of them"));
        let mut runner =
            JobRunner::<_, _, true>::new(2, plan).options(letters.options(OnError::skip(usize::MAX)));
        runner.run(0..3_000).expect("failures are tolerated");
        assert_eq!(letters.all().len(), 3_000);
        letters.assert_complete(runner.report());
    });
}

fn ends_at_the_first<const ORDERED: bool>() {
    watched(format!("ordered: {ORDERED}"), || {
        let both_at_work = Barrier::new(2);
        let plan = Plan::new(move |_, item: usize| {
            both_at_work.wait();
            Refused::result::<usize>(format!("item {item}"))
        });
        let letters = Letters::default();
        let options = letters.options(OnError::stop()).chunk(Chunk::Exactly(1)).window(2);
        let mut runner = JobRunner::<_, _, ORDERED>::new(2, plan).options(options);
        let error = runner.run(0..2).expect_err("both fail");
        let places = letters.places();
        assert_eq!(places.first().map(|(index, _)| *index), error.item(), "the first is the run's error");
        assert_eq!(places.len(), 2, "the other one is counted, and told of");
        assert_eq!(runner.report().map(Report::failed), Some(2));
        letters.assert_complete(runner.report());
    });
}

#[test]
fn the_item_that_ends_the_run_is_told_of_and_so_are_those_that_fail_after_it() {
    ends_at_the_first::<true>();
    ends_at_the_first::<false>();
}

#[test]
fn err_items_of_the_input_are_told_of() {
    for_each_worker_count(|workers| {
        let letters = Letters::default();
        let mut runner =
            JobRunner::<_, _, true>::new(workers, identity()).options(letters.options(OnError::skip(2)));
        let input =
            (0..100).map(|item| if item % 30 == 7 { Err(Refused("row".to_owned())) } else { Ok(item) });
        let error = runner.try_run(input).expect_err("the third is one too many");
        assert_eq!(error.item(), Some(67));
        assert_eq!(letters.places()[..3], [(7, 1), (37, 1), (67, 1)]);
        assert!(letters.all().iter().all(|seen| seen.kind == ErrorKind::Input));
        letters.assert_complete(runner.report());
    });
}

/// Passes items on, in batches that nothing fills.
#[parallel_runner(batch(max = 8, delay = "3600s"))]
impl Patient {
    fn producer_work(items: Vec<usize>) -> Vec<usize> {
        items
    }
}

#[test]
fn err_items_that_no_worker_has_claimed_are_told_of() {
    watched("four pulled ahead", || {
        let letters = Letters::default();
        let mut runner = Patient::new(2).options(letters.options(OnError::stop()));
        let canceller = runner.canceller();
        let input = (0..).map(|item: usize| {
            if item == 3 {
                canceller.cancel();
            }
            Err::<usize, _>(Refused("row".to_owned()))
        });
        assert_eq!(runner.try_run(input).expect_err("it is cancelled").kind(), ErrorKind::Cancelled);
        assert_eq!(letters.places(), [(0, 1), (1, 1), (2, 1), (3, 1)]);
        letters.assert_complete(runner.report());
    });
}

#[test]
fn an_item_that_the_consumer_fails_on_is_told_of_unless_it_panics() {
    for_each_worker_count(|workers| {
        let letters = Letters::default();
        let plan = identity().consume(|_, output| {
            assert!(output != 1_003, "one thousand and three");
            if output == 3 { Refused::result("three") } else { Ok(ControlFlow::Continue(())) }
        });
        let mut runner =
            JobRunner::<_, _, true>::new(workers, plan).options(letters.options(OnError::skip(9)));
        runner.run(0..100).expect_err("the consumer fails");
        assert_eq!(letters.places(), [(3, 1)]);
        assert_eq!(letters.all()[0].kind, ErrorKind::Consumer);
        letters.assert_complete(runner.report());

        catch_unwind(AssertUnwindSafe(|| runner.run(1_000..1_100))).expect_err("the consumer panics");
        assert_eq!(letters.places(), [(3, 1)]);
        assert_eq!(runner.report().map(Report::failed), Some(1));
        assert_accounts(runner.report());
    });
}

/// Fails at a batch that has an item divisible by a hundred.
#[parallel_runner(batch = 8)]
impl Batches {
    fn producer_work(items: Vec<usize>) -> Result<Vec<usize>> {
        if items.iter().any(|item| item % 100 == 99) { Refused::result("ninety-nine") } else { Ok(items) }
    }
}

#[test]
fn a_batch_is_told_of_as_a_whole() {
    for_each_worker_count(|workers| {
        let letters = Letters::default();
        let mut runner = Batches::new(workers).options(letters.options(OnError::skip(usize::MAX)));
        assert_eq!(runner.run(0..300).expect("failures are tolerated").len(), 300 - 8 - 8 - 4);
        assert_eq!(letters.places(), [(96, 8), (192, 8), (296, 4)]);
        letters.assert_complete(runner.report());
    });
}

/// Collects on the workers, and fails at every multiple of ten.
#[parallel_runner(unordered)]
impl Gather {
    fn producer_work(item: usize) -> Result<usize> {
        if item.is_multiple_of(10) { Refused::result("ten") } else { Ok(item) }
    }
    fn consumer_init() -> Vec<usize> {
        Vec::new()
    }
    fn consumer_work(items: &mut Vec<usize>, item: usize) -> Result<()> {
        if item == 1_001 {
            return Refused::result("one thousand and one");
        }
        items.push(item);
        Ok(())
    }
    fn consumer_merge(into: &mut Vec<usize>, from: Vec<usize>) {
        into.extend(from);
    }
}

#[test]
fn what_fails_where_workers_consume_is_told_of_on_the_callers_thread() {
    for_each_worker_count(|workers| {
        let letters = Letters::default();
        let mut runner = Gather::new(workers).options(letters.options(OnError::skip(usize::MAX)));
        assert_eq!(runner.run(0..300).expect("failures are tolerated").len(), 270);
        let mut places = letters.places();
        places.sort_unstable();
        assert_eq!(places, tens());
        letters.assert_complete(runner.report());

        let letters = Letters::default();
        runner = runner.options(letters.options(OnError::skip(usize::MAX)));
        let error = runner.run(1_001..1_010).expect_err("consumer_work fails");
        assert_eq!((error.kind(), letters.places()), (ErrorKind::Consumer, vec![(0, 1)]));
        letters.assert_complete(runner.report());
    });
}

#[test]
fn a_listener_may_cancel_the_run() {
    for_each_worker_count(|workers| {
        let handle: Arc<OnceLock<Canceller>> = Arc::default();
        let cancels = Arc::clone(&handle);
        let options = Options::new().on_error(OnError::skip(usize::MAX)).on_failure(move |_| {
            cancels.get().expect("it is set before the run").cancel();
        });
        let mut runner = JobRunner::<_, _, true>::new(workers, tens_fail()).options(options);
        handle.set(runner.canceller()).expect("it is set once");
        assert_eq!(runner.run(0..).expect_err("it is cancelled").kind(), ErrorKind::Cancelled);
        assert_accounts(runner.report());
    });
}

/// Options of which the listener panics when it is told of so many failures, or of more.
fn panics_at(calls: usize, letters: &Letters) -> Options {
    let letters = letters.clone();
    Options::new().on_error(OnError::skip(usize::MAX)).on_failure(move |failed| {
        letters.note(failed);
        assert!(letters.all().len() < calls, "enough failures");
    })
}

fn message(payload: &(dyn std::any::Any + Send)) -> Option<&str> {
    payload.downcast_ref::<&str>().copied()
}

fn listener_panics<const ORDERED: bool>(workers: usize) {
    let letters = Letters::default();
    let plan = tens_fail();
    let books = plan.books();
    let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan).options(panics_at(3, &letters));
    let payload = catch_unwind(AssertUnwindSafe(|| runner.run(0..))).expect_err("the listener panics");
    assert_eq!(message(&*payload), Some("enough failures"));
    assert_eq!(letters.all().len(), 3, "it is called no more");
    assert_eq!(runner.report().map(Report::skipped), Some(3));
    assert_accounts(runner.report());
    runner = runner.options(Options::new());
    assert_eq!(runner.run(1..10).expect("the runner works again").len(), 9);
    runner.close().expect("nothing fails");
    books.assert_all_ended();
}

#[test]
fn a_panic_of_the_listener_unwinds_through_the_run_once_the_workers_are_at_rest() {
    for_each_worker_count(listener_panics::<true>);
    for_each_worker_count(listener_panics::<false>);
}

#[test]
fn a_panic_of_the_listener_goes_before_the_error_that_it_was_told_of() {
    for_each_worker_count(|workers| {
        let options = panics_at(1, &Letters::default()).on_error(OnError::stop());
        let mut runner = JobRunner::<_, _, true>::new(workers, tens_fail()).options(options);
        catch_unwind(AssertUnwindSafe(|| runner.run(5..100))).expect_err("the listener panics");
        let report = runner.report().expect("there was a run");
        assert_eq!((report.consumed(), report.skipped()), (5, 0));
        assert!(report.failed() >= 1);
        assert_accounts(Some(report));
    });
}

#[test]
fn a_panic_of_the_listener_unwinds_where_workers_consume() {
    for_each_worker_count(|workers| {
        let letters = Letters::default();
        let mut runner = Gather::new(workers).options(panics_at(2, &letters));
        catch_unwind(AssertUnwindSafe(|| runner.run(0..))).expect_err("the listener panics");
        assert_eq!(letters.all().len(), 2);
        assert_accounts(runner.report());
        assert_eq!(runner.options(Options::new()).run(1..10).expect("the runner works again").len(), 9);
    });
}

#[test]
fn a_panic_of_the_listener_is_the_last_of_a_stream() {
    for_each_worker_count(|workers| {
        let letters = Letters::default();
        let plan = tens_fail();
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(workers, plan).options(panics_at(2, &letters));
        let mut stream = runner.stream(0..);
        let mut outputs = Vec::new();
        let payload = loop {
            match catch_unwind(AssertUnwindSafe(|| stream.next())) {
                Ok(output) => outputs.push(output.expect("it has not ended").expect("a number")),
                Err(payload) => break payload,
            }
        };
        assert_eq!(message(&*payload), Some("enough failures"));
        assert_eq!(outputs, (1..10).collect::<Vec<_>>(), "up to the second failure");
        assert!(stream.next().is_none(), "it has ended");
        drop(stream);
        assert_eq!(letters.places(), [(0, 1), (10, 1)]);
        assert_eq!(runner.report().map(Report::skipped), Some(2));
        assert_accounts(runner.report());
        runner.close().expect("nothing fails");
        books.assert_all_ended();
    });
}

#[test]
fn a_stream_that_is_dropped_tells_of_what_has_failed_and_a_panic_of_the_listener_ends_there() {
    watched("one worker", || {
        let (at_work, works) = mpsc::channel();
        let plan = Plan::new(move |_, item: usize| {
            at_work.send(item)?;
            Refused::result::<usize>("every one")
        });
        let letters = Letters::default();
        let options = panics_at(1, &letters).chunk(Chunk::Exactly(1));
        let mut runner = JobRunner::<_, _, true>::new(1, plan).options(options);
        let stream = runner.stream(0..100);
        for _ in 0..2 {
            works.recv_timeout(PATIENCE).expect("when the second begins, the first has failed");
        }
        drop(stream);
        assert_eq!(letters.places(), [(0, 1)]);
        assert!(runner.report().is_some_and(|report| report.failed() >= 1));
        assert_accounts(runner.report());
        runner.close().expect("nothing fails");
    });
}

#[test]
fn a_dead_letter_file_is_one_line_of_options_and_one_line_an_item() {
    watched("a file", || {
        let path = std::env::temp_dir().join(format!("easycore-dead-letters-{}", std::process::id()));
        let file = File::create(&path).expect("there is room for a file");
        let plan =
            Plan::new(
                |_, item: usize| {
                    if item.is_multiple_of(2) { Refused::result("even\n  indeed") } else { Ok(item) }
                },
            );
        let options = Options::new()
            .on_error(OnError::skip(5))
            .on_failure(move |failed| writeln!(&file, "{failed}").unwrap_or_default());
        let mut runner = JobRunner::<_, _, true>::new(1, plan).options(options);
        assert_eq!(runner.run(0..5).expect("failures are tolerated"), [1, 3]);
        let text = fs::read_to_string(&path).expect("it was written");
        fs::remove_file(&path).expect("it is ours");
        let expected = [0, 2, 4]
            .map(|item| format!("producer_work failed at item {item} on cpu (worker 0): even indeed\n"));
        assert_eq!(text, expected.concat());
    });
}

#[test]
fn options_with_different_listeners_differ() {
    let options = Options::new().on_failure(|_| {});
    assert_eq!(options, options.clone());
    assert_ne!(options, Options::new().on_failure(|_| {}));
    assert_ne!(options, Options::new());
}
