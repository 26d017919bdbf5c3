//! A fault on top of another: the first is what the run tells, and the second, even where it is a panic of what is dropped, neither
//! takes its place nor ends the process.

use std::fmt;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};

use easycore::{Chunk, ErrorKind, OnError, Options};
use easycore_tests::{
    Fallible, JobRunner, Merciless, PATIENCE, Plan, Refused, Spiteful, assert_accounts, identity, lock,
    watched,
};

type Dropped = Arc<AtomicUsize>;

fn refuse_spitefully<T>(dropped: &Dropped) -> Fallible<T> {
    Err(Box::new(Spiteful(Arc::clone(dropped))))
}

/// An error that panics whenever it is dropped.
#[derive(Debug)]
struct MercilessError(Merciless);

impl fmt::Display for MercilessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an error that panics whenever it is dropped, {} so far", self.0.0.load(Ordering::SeqCst))
    }
}

impl std::error::Error for MercilessError {}

#[test]
fn after_a_failed_start_the_error_of_producer_end_may_panic_when_it_is_dropped() {
    watched("the second of four devices fails to start, the others to end", || {
        let (dropped, broken) = (Dropped::default(), Arc::new(AtomicBool::new(true)));
        let (ending, is_broken) = (Arc::clone(&dropped), Arc::clone(&broken));
        let plan = identity()
            .init(move |worker| {
                let fails = worker.index() == 1 && is_broken.load(Ordering::SeqCst);
                if fails { Refused::result("no such device") } else { Ok(()) }
            })
            .end(move |_| refuse_spitefully(&ending));
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new("cuda:0, cuda:1, cuda:2, cuda:3", plan);
        let error = runner.start().expect_err("one device is broken");
        assert_eq!((error.kind(), error.worker()), (ErrorKind::Init, Some(1)));
        assert_eq!(dropped.load(Ordering::SeqCst), 3, "the errors of the others");
        assert!(!runner.is_active());
        books.assert_all_ended();
        broken.store(false, Ordering::SeqCst);
        assert_eq!(runner.run(0..50).expect("the device is back").len(), 50);
        drop(runner);
        books.assert_all_ended();
    });
}

/// Has every one of `workers` make one output.
fn meet(workers: usize) -> impl Fn() + Send + Sync {
    let meeting = Barrier::new(workers);
    move || {
        meeting.wait();
    }
}

#[test]
fn after_a_failed_item_the_error_of_consumer_merge_may_panic_when_it_is_dropped() {
    watched("work fails, then merge", || {
        let (dropped, meet) = (Dropped::default(), meet(2));
        let merging = Arc::clone(&dropped);
        let plan = Plan::new(move |_, item: usize| {
            if item < 2 {
                meet();
            }
            if item == 0 { Refused::result("zero") } else { Ok(item) }
        })
        .merge(move |outputs| if outputs == &[1] { refuse_spitefully(&merging) } else { Ok(()) });
        let mut runner =
            JobRunner::<_, _, false>::new(2, plan).options(Options::new().chunk(Chunk::Exactly(1)));
        let error = runner.merging().run(0..2).expect_err("item 0 fails");
        assert_eq!((error.kind(), error.item()), (ErrorKind::Work, Some(0)));
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
        assert_accounts(runner.report());
        assert_eq!(runner.run(2..50).expect("nothing fails").len(), 48);
    });
}

#[test]
fn beside_a_panic_of_the_listener_the_error_of_a_stream_may_panic_when_it_is_dropped() {
    watched("a stream", || {
        let dropped = Dropped::default();
        let failing = Arc::clone(&dropped);
        let plan =
            Plan::new(move |_, item: usize| if item == 5 { refuse_spitefully(&failing) } else { Ok(item) });
        let options = Options::new().on_failure(|failed| panic!("told of {}", failed.index));
        let mut runner = JobRunner::<_, _, true>::new(2, plan).options(options);
        let mut stream = runner.stream(0..10);
        let payload = catch_unwind(AssertUnwindSafe(|| stream.by_ref().count())).expect_err("it panics");
        assert_eq!(payload.downcast_ref::<String>().map(String::as_str), Some("told of 5"));
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
        drop(stream);
        assert_accounts(runner.report());
    });
}

#[test]
fn the_error_of_a_stream_that_did_not_start_may_panic_when_it_is_dropped() {
    watched("a stream that nobody pulls", || {
        let dropped = Dropped::default();
        let starting = Arc::clone(&dropped);
        let plan = identity().init(move |_| refuse_spitefully(&starting));
        let mut runner = JobRunner::<_, _, true>::new(1, plan);
        drop(runner.stream(0..3));
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn an_error_that_a_consumers_panic_overtakes_may_panic_when_it_is_dropped() {
    for merges in [false, true] {
        watched(format!("work fails, then the consumer panics, merging: {merges}"), move || {
            let (dropped, meet) = (Dropped::default(), meet(2));
            let (failing, failed) = (Arc::clone(&dropped), Mutex::new(false));
            let plan = Plan::new(move |_, item: usize| {
                if item < 2 {
                    meet();
                }
                if item == 0 { Err(MercilessError(Merciless(Arc::clone(&failing))).into()) } else { Ok(item) }
            })
            .consume(move |outputs, output| {
                assert!(output != 1 || merges, "the consumer panics");
                outputs.push(output);
                Ok(ControlFlow::Continue(()))
            })
            .merge(move |outputs| {
                assert!(outputs != &[1] || std::mem::replace(&mut *lock(&failed), true), "the merge panics");
                Ok(())
            });
            let mut runner =
                JobRunner::<_, _, false>::new(2, plan).options(Options::new().chunk(Chunk::Exactly(1)));
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                if merges { runner.merging().run(0..2) } else { runner.run(0..2) }
            }));
            assert!(outcome.is_err(), "it unwinds");
            assert_eq!(dropped.load(Ordering::SeqCst), 1, "the error is dropped");
            assert_accounts(runner.report());
            assert_eq!(runner.run(2..50).expect("nothing fails").len(), 48);
        });
    }
}

/// An output that panics whenever it is dropped, until it is defused.
struct Armed(AtomicBool, Dropped);

impl Drop for Armed {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::SeqCst);
        assert!(!self.0.load(Ordering::SeqCst), "an output that panics whenever it is dropped");
    }
}

#[test]
fn consumer_states_that_are_not_merged_may_panic_when_they_are_dropped() {
    for panics in [false, true] {
        watched(format!("the first merge fails, by panic: {panics}"), move || {
            let (dropped, meet) = (Dropped::default(), meet(3));
            let spite = Arc::clone(&dropped);
            let plan = Plan::new(move |_, _: usize| {
                meet();
                Ok(Armed(AtomicBool::new(true), Arc::clone(&spite)))
            })
            .merge(move |outputs| {
                for output in outputs {
                    output.0.store(false, Ordering::SeqCst);
                }
                assert!(!panics, "the merge panics");
                Refused::result("the merge fails")
            });
            let mut runner =
                JobRunner::<_, _, false>::new(3, plan).options(Options::new().chunk(Chunk::Exactly(1)));
            match catch_unwind(AssertUnwindSafe(|| runner.merging().run(0..3).map(drop))) {
                Ok(outcome) => assert_eq!(outcome.expect_err("it fails").hook(), Some("consumer_merge")),
                Err(_) => assert!(panics),
            }
            assert_eq!(dropped.load(Ordering::SeqCst), 3, "each output is dropped once");
            assert_accounts(runner.report());
            assert!(runner.run(3..3).expect("there is no item").is_empty());
        });
    }
}

/// An error that cannot be displayed.
#[derive(Debug)]
struct Unspeakable;

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("an error that panics when it is displayed")
    }
}

impl std::error::Error for Unspeakable {}

#[test]
fn an_error_may_panic_when_it_is_displayed_by_whoever_displays_it() {
    for workers in [1, 2, 8] {
        watched(format!("{workers} workers"), move || {
            let plan =
                Plan::new(|_, item: usize| if item % 10 == 5 { Err(Unspeakable.into()) } else { Ok(item) });
            let books = plan.books();
            let mut runner = JobRunner::<_, _, true>::new(workers, plan);
            let error = runner.run(0..100).expect_err("item 5 fails");
            assert_eq!((error.kind(), error.item()), (ErrorKind::Work, Some(5)));
            assert!(catch_unwind(AssertUnwindSafe(|| error.to_string())).is_err());
            assert_eq!(error.item(), Some(5), "it can still be asked");
            let mut runner = runner.options(Options::new().on_error(OnError::skip(10)));
            assert_eq!(runner.run(0..100).expect("ten are tolerated").len(), 90);
            let report = runner.report().expect("there was a run");
            assert!(catch_unwind(AssertUnwindSafe(|| report.to_string())).is_err());
            assert_eq!(report.skipped(), 10);
            drop(runner);
            books.assert_all_ended();
        });
    }
}

fn fails_at_the_window<const ORDERED: bool>(workers: usize, panics: bool) {
    const WINDOW: usize = 4;
    let (full, wait) = mpsc::channel();
    let wait = Mutex::new(wait);
    let plan = identity().consume(move |outputs: &mut Vec<usize>, output| {
        if output < WINDOW {
            // With the window full, no worker can go on while the consumer is in here.
            lock(&wait).recv_timeout(PATIENCE).expect("the workers fill the window");
            assert!(!panics, "the consumer panics");
            return Refused::result("the consumer fails");
        }
        outputs.push(output);
        Ok(ControlFlow::Continue(()))
    });
    let books = plan.books();
    let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan)
        .options(Options::new().window(WINDOW).chunk(Chunk::Exactly(1)));
    let input = (0..).inspect(|&item| {
        if item == WINDOW - 1 {
            full.send(()).expect("the consumer waits");
        }
    });
    match catch_unwind(AssertUnwindSafe(|| runner.run(input))) {
        Ok(outcome) => assert_eq!(outcome.expect_err("it fails").kind(), ErrorKind::Consumer),
        Err(_) => assert!(panics),
    }
    let report = runner.report().expect("there was a run");
    let told = [report.pulled(), report.consumed(), report.failed(), report.discarded()];
    assert_eq!(told, [WINDOW, 0, 1, WINDOW - 1]);
    assert_eq!(runner.run(WINDOW..50).expect("nothing fails").len(), 50 - WINDOW);
    runner.close().expect("nothing fails");
    books.assert_all_ended();
}

#[test]
fn a_consumer_may_fail_while_every_worker_is_blocked_on_the_window() {
    for workers in [1, 2, 8] {
        for panics in [false, true] {
            watched(format!("{workers} workers, by panic: {panics}"), move || {
                fails_at_the_window::<true>(workers, panics);
                fails_at_the_window::<false>(workers, panics);
            });
        }
    }
}

/// An input that panics whenever it is dropped.
struct SpitefulInput(Merciless);

impl Iterator for SpitefulInput {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        (self.0.0.load(Ordering::SeqCst) > 0).then_some(0)
    }
}

#[test]
fn an_input_that_a_run_never_reaches_may_panic_when_it_is_dropped() {
    watched("no window, and a consumer that cannot begin", || {
        let dropped = Dropped::default();
        let input = || SpitefulInput(Merciless(Arc::clone(&dropped)));
        let mut runner = JobRunner::<_, _, true>::new(2, identity()).options(Options::new().window(0));
        assert_eq!(runner.run(input()).expect_err("no window").kind(), ErrorKind::Options);
        assert_eq!(
            runner.run_into(&mut Vec::new(), input()).expect_err("no window").kind(),
            ErrorKind::Options
        );
        assert_eq!(
            runner.stream(input()).next().expect("an error").expect_err("no window").kind(),
            ErrorKind::Options
        );
        let mut runner = JobRunner::<_, _, true>::new(2, identity().begin(|| Refused::result("no")));
        let error = runner.run(input()).expect_err("the consumer cannot begin");
        assert_eq!(error.hook(), Some("consumer_init"));
        let mut runner = JobRunner::<_, _, true>::new(2, identity().begin(|| panic!("no")));
        let unwound = catch_unwind(AssertUnwindSafe(|| runner.run(input())));
        assert!(unwound.is_err(), "consumer_init's panic");
        assert_eq!(dropped.load(Ordering::SeqCst), 5);
    });
}

#[test]
fn a_consumer_state_may_panic_when_it_is_dropped_after_a_failure() {
    watched("one item before the one that fails", || {
        let dropped = Dropped::default();
        let count = Arc::clone(&dropped);
        let pass = move |_: &mut _, item: usize| {
            if item == 5 { Refused::result("five") } else { Ok(Merciless(Arc::clone(&count))) }
        };
        let mut runner = JobRunner::<_, _, true>::new(1, Plan::new(pass));
        let error = runner.run(4..9).expect_err("five fails");
        assert_eq!(error.item(), Some(1));
        assert!(dropped.load(Ordering::SeqCst) >= 1, "what had been consumed");
    });
}
