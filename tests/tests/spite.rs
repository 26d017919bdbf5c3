//! Values that panic when they are dropped: wherever the runner drops one, nothing hangs, nothing aborts, and the next run
//! works.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use easycore::{Chunk, ErrorKind, Hooks, OnError, Options, Order, Runner, Worker};
use easycore_tests::{
    Fallible, JobRunner, Merciless, Plan, Refused, Spiteful, assert_accounts, identity, watched,
};

type Dropped = Arc<AtomicUsize>;

/// An item that panics when it is dropped, if it is spiteful. Two of them must not be dropped together.
type Item = (usize, Option<Merciless>);

fn spiteful(items: usize, dropped: &Dropped) -> impl Iterator<Item = Item> + Send + 'static {
    let dropped = Arc::clone(dropped);
    (0..items).map(move |index| (index, Some(Merciless(Arc::clone(&dropped)))))
}

/// Items that nobody needs to fear.
fn tame(items: usize) -> impl Iterator<Item = Item> + Send + 'static {
    (0..items).map(|index| (index, None))
}

/// Drops it as a careful user would.
fn defuse(item: Item) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(item)));
}

fn in_both_orders(name: &'static str, ordered: fn(usize), unordered: fn(usize)) {
    for workers in [1, 2, 8] {
        watched(format!("{name}, ordered, {workers} workers"), move || ordered(workers));
        watched(format!("{name}, unordered, {workers} workers"), move || unordered(workers));
    }
}

fn discarded_items<const ORDERED: bool>(workers: usize) {
    // The item that fails is defused, those after it in its chunk are not.
    let plan = Plan::new(|_, item: Item| {
        let spite = item.1.is_some();
        if spite && item.0 == 5 {
            defuse(item);
            return Refused::result("five");
        }
        Ok(item)
    })
    .consume(|_, item| {
        defuse(item);
        Ok(ControlFlow::Continue(()))
    });
    let books = plan.books();
    let mut runner =
        JobRunner::<_, _, ORDERED>::new(workers, plan).options(Options::new().chunk(Chunk::Exactly(20)));
    let dropped = Dropped::default();
    let error = runner.run(spiteful(200, &dropped)).expect_err("item 5 fails");
    assert_eq!((error.kind(), error.item()), (ErrorKind::Work, Some(5)));
    let report = runner.report().expect("there was a run");
    assert_accounts(Some(report));
    assert_eq!(dropped.load(Ordering::SeqCst), report.pulled(), "each is dropped once");
    runner.run(tame(100)).expect("nothing fails");
    assert_eq!(runner.report().map(easycore::Report::consumed), Some(100));
    drop(runner);
    books.assert_all_ended();
}

#[test]
fn discarded_items_may_panic_when_they_are_dropped() {
    in_both_orders("items", discarded_items::<true>, discarded_items::<false>);
}

fn discarded_outputs<const ORDERED: bool>(workers: usize) {
    let plan = Plan::new(|_, item: Item| Ok(item)).consume(|_, item| {
        let last = item.1.is_some() && item.0 >= 5;
        defuse(item);
        Ok(if last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    });
    let books = plan.books();
    let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan)
        .options(Options::new().chunk(Chunk::Exactly(20)).window(200));
    let dropped = Dropped::default();
    runner.run(spiteful(usize::MAX, &dropped)).expect("it breaks");
    let report = runner.report().expect("there was a run");
    assert_accounts(Some(report));
    assert!(report.discarded() > 0);
    assert_eq!(dropped.load(Ordering::SeqCst), report.pulled(), "each is dropped once");
    drop(runner.stream(spiteful(usize::MAX, &dropped)));
    assert_accounts(runner.report());
    runner.run(tame(100)).expect("nothing fails");
    assert_eq!(runner.report().map(easycore::Report::consumed), Some(100));
    drop(runner);
    books.assert_all_ended();
}

#[test]
fn discarded_outputs_may_panic_when_they_are_dropped() {
    in_both_orders("outputs", discarded_outputs::<true>, discarded_outputs::<false>);
}

fn items_in_hooks<const ORDERED: bool>(workers: usize) {
    let plan = Plan::new(|_, item: Item| Ok(item.0));
    let books = plan.books();
    let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan);
    let dropped = Dropped::default();
    let error = runner.run(spiteful(100, &dropped)).expect_err("producer_work drops its item");
    assert_eq!((error.kind(), error.is_panic()), (ErrorKind::Work, true));
    assert_accounts(runner.report());
    assert_eq!(runner.run(tame(100)).expect("nothing fails").len(), 100);
    drop(runner);
    books.assert_all_ended();
}

#[test]
fn an_item_that_panics_when_its_hook_drops_it_is_a_panic_of_the_hook() {
    in_both_orders("items dropped by their hook", items_in_hooks::<true>, items_in_hooks::<false>);
}

/// Panics with a payload that panics when it is dropped.
fn panic_twice(dropped: &Dropped) -> ! {
    panic_any(Spiteful(Arc::clone(dropped)))
}

fn payloads<const ORDERED: bool>(workers: usize) {
    let dropped = Dropped::default();
    let panicking = Arc::clone(&dropped);
    let plan = Plan::new(
        move |_, item: usize| if item.is_multiple_of(10) { panic_twice(&panicking) } else { Ok(item) },
    );
    let books = plan.books();
    let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan);
    let error = runner.run(0..100).expect_err("every tenth panics");
    assert_eq!((error.kind(), error.is_panic()), (ErrorKind::Work, true));
    assert_accounts(runner.report());
    let input = (0..100).inspect(|_| panic_twice(&dropped));
    let error = runner.run(input).expect_err("the input panics");
    assert_eq!((error.kind(), error.is_panic()), (ErrorKind::Input, true));
    let mut runner = runner.options(Options::new().on_error(OnError::skip(10)));
    assert_eq!(runner.run(0..100).expect("ten are tolerated").len(), 90);
    drop(runner);
    books.assert_all_ended();
}

#[test]
fn a_panic_payload_may_panic_when_it_is_dropped() {
    in_both_orders("payloads", payloads::<true>, payloads::<false>);
}

#[test]
fn the_payloads_of_producer_init_and_producer_end_may_panic_when_they_are_dropped() {
    watched("init and end", || {
        let (dropped, armed) = (Dropped::default(), Arc::new(AtomicUsize::new(1)));
        let (initial, last) = (Arc::clone(&dropped), Arc::clone(&dropped));
        let (starting, ending) = (Arc::clone(&armed), Arc::clone(&armed));
        let plan = identity()
            .init(move |_| if starting.load(Ordering::SeqCst) == 1 { panic_twice(&initial) } else { Ok(()) })
            .end(move |_| if ending.load(Ordering::SeqCst) == 2 { panic_twice(&last) } else { Ok(()) });
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(3, plan);
        let error = runner.start().expect_err("producer_init panics");
        assert_eq!((error.kind(), error.is_panic()), (ErrorKind::Init, true));
        armed.store(2, Ordering::SeqCst);
        runner.start().expect("it starts");
        let error = runner.close().expect_err("producer_end panics");
        assert_eq!((error.kind(), error.is_panic()), (ErrorKind::End, true));
        books.assert_all_ended();
    });
}

/// A producer state that panics when it is dropped, under hooks without a `producer_end` of their own.
struct SpitefulState;

impl Hooks for SpitefulState {
    const NAME: &'static str = "spiteful-state";
    const ORDER: Order = Order::Ordered;
    type Config = Dropped;
    type Item = usize;
    type Output = usize;
    type ProducerState = Spiteful;
    type ConsumerState = Vec<usize>;
    type Outcome = Vec<usize>;

    fn producer_init(_: &Worker, dropped: &Dropped) -> Fallible<Spiteful> {
        Ok(Spiteful(Arc::clone(dropped)))
    }
    fn producer_work(_: &Dropped, _: &mut Spiteful, item: usize) -> Fallible<usize> {
        assert_ne!(item, 50, "fifty");
        Ok(item)
    }
    fn consumer_init(_: &Dropped) -> Fallible<Vec<usize>> {
        Ok(Vec::new())
    }
    fn consumer_work(_: &Dropped, outputs: &mut Vec<usize>, output: usize) -> Fallible<ControlFlow<()>> {
        outputs.push(output);
        Ok(ControlFlow::Continue(()))
    }
    fn consumer_end(_: &Dropped, outputs: Vec<usize>) -> Fallible<Vec<usize>> {
        Ok(outputs)
    }
}

#[test]
fn a_producer_state_may_panic_when_it_is_dropped() {
    for workers in [1, 2, 8] {
        watched(format!("{workers} workers"), move || {
            let dropped = Dropped::default();
            let mut runner = Runner::<SpitefulState>::new(workers, Arc::clone(&dropped));
            assert_eq!(runner.run(0..10).expect("nothing fails").len(), 10);
            let error = runner.close().expect_err("dropping panics");
            assert_eq!((error.kind(), error.is_panic()), (ErrorKind::End, true));
            assert_eq!(dropped.load(Ordering::SeqCst), workers);
            runner.run(0..100).expect_err("item 50 panics, and so does the state's drop");
            assert_eq!(dropped.load(Ordering::SeqCst), workers + 1);
            assert_eq!(runner.run(0..10).expect("nothing fails").len(), 10);
            drop(runner);
        });
    }
}

#[test]
fn an_input_may_panic_when_it_is_dropped() {
    watched("input", || {
        let dropped = Dropped::default();
        let spite = Spiteful(Arc::clone(&dropped));
        let plan = identity();
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(2, plan);
        let input = (0..100).inspect(move |_| assert_eq!(spite.0.load(Ordering::SeqCst), 0));
        let error = runner.run(input).expect_err("its drop panics");
        assert_eq!((error.kind(), error.is_panic()), (ErrorKind::Input, true));
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
        assert_accounts(runner.report());
        assert_eq!(runner.run(0..10).expect("nothing fails").len(), 10);
        drop(runner);
        books.assert_all_ended();
    });
}

#[test]
fn what_is_left_of_split_input_may_panic_when_it_is_dropped() {
    watched("split input", || {
        let dropped = Dropped::default();
        let plan = Plan::new(|_, _: Option<Spiteful>| Ok(())).consume(|_, ()| Ok(ControlFlow::Break(())));
        let mut runner =
            JobRunner::<_, _, true>::new(2, plan).options(Options::new().chunk(Chunk::Exactly(1)).window(10));
        let mut items: Vec<_> = (0..100).map(|_| None).collect();
        items.push(Some(Spiteful(Arc::clone(&dropped))));
        let error = runner.run_indexed(items).expect_err("the drop of the last item panics");
        assert_eq!((error.kind(), error.is_panic()), (ErrorKind::Input, true));
        assert_eq!(dropped.load(Ordering::SeqCst), 1, "it is dropped once");
        assert_accounts(runner.report());
        assert_eq!(runner.run_indexed(vec![None]).expect("nothing fails").len(), 0);
    });
}

/// Fails with an error that panics when it is dropped.
fn refuse_spitefully<T>(dropped: &Dropped) -> Fallible<T> {
    Err(Box::new(Spiteful(Arc::clone(dropped))))
}

/// Keeps an error from going off in the test.
fn defuse_error(error: easycore::Error) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(error)));
}

fn errors_of_work<const ORDERED: bool>(workers: usize) {
    let dropped = Dropped::default();
    let failing = Arc::clone(&dropped);
    let plan =
        Plan::new(move |_, item: usize| if item < 50 { Ok(item) } else { refuse_spitefully(&failing) });
    let books = plan.books();
    let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan)
        .options(Options::new().chunk(Chunk::Exactly(5)).on_error(OnError::skip(0)));
    let error = runner.run(0..1_000).expect_err("most items fail");
    assert_eq!(error.kind(), ErrorKind::Work);
    defuse_error(error);
    let report = runner.report().expect("there was a run");
    assert_accounts(Some(report));
    assert_eq!(dropped.load(Ordering::SeqCst), report.failed(), "each error is dropped once");
    assert_eq!(runner.run(0..50).expect("nothing fails").len(), 50);
    drop(runner);
    books.assert_all_ended();
}

#[test]
fn the_errors_of_producer_work_may_panic_when_they_are_dropped() {
    in_both_orders("errors of producer_work", errors_of_work::<true>, errors_of_work::<false>);
}

fn errors_of_start_and_close(workers: usize) {
    let (dropped, step) = (Dropped::default(), Arc::new(AtomicUsize::new(0)));
    let (initial, last) = (Arc::clone(&dropped), Arc::clone(&dropped));
    let (starting, ending) = (Arc::clone(&step), Arc::clone(&step));
    let plan = identity()
        .init(
            move |_| if starting.load(Ordering::SeqCst) == 0 { refuse_spitefully(&initial) } else { Ok(()) },
        )
        .end(move |_| if ending.load(Ordering::SeqCst) == 1 { refuse_spitefully(&last) } else { Ok(()) });
    let books = plan.books();
    let mut runner = JobRunner::<_, _, true>::new(workers, plan);
    defuse_error(runner.start().expect_err("producer_init fails on every worker"));
    assert_eq!(dropped.load(Ordering::SeqCst), workers);
    step.store(1, Ordering::SeqCst);
    runner.start().expect("it starts");
    defuse_error(runner.close().expect_err("producer_end fails on every worker"));
    assert_eq!(dropped.load(Ordering::SeqCst), 2 * workers);
    runner.start().expect("it starts");
    drop(runner);
    assert_eq!(dropped.load(Ordering::SeqCst), 3 * workers);
    books.assert_all_ended();
}

#[test]
fn the_errors_of_producer_init_and_producer_end_may_panic_when_they_are_dropped() {
    for workers in [1, 2, 8] {
        watched(format!("{workers} workers"), move || errors_of_start_and_close(workers));
    }
}

/// Hooks whose consumer state panics when it is dropped, and whose consumer fails when told to.
struct SpitefulConsumer;

impl Hooks for SpitefulConsumer {
    const NAME: &'static str = "spiteful-consumer";
    const ORDER: Order = Order::Ordered;
    type Config = Dropped;
    type Item = usize;
    type Output = usize;
    type ProducerState = ();
    type ConsumerState = Option<Spiteful>;
    type Outcome = ();

    fn producer_init(_: &Worker, _: &Dropped) -> Fallible<()> {
        Ok(())
    }
    fn producer_work(_: &Dropped, (): &mut (), item: usize) -> Fallible<usize> {
        Ok(item)
    }
    fn consumer_init(dropped: &Dropped) -> Fallible<Option<Spiteful>> {
        Ok(Some(Spiteful(Arc::clone(dropped))))
    }
    fn consumer_work(_: &Dropped, _: &mut Option<Spiteful>, output: usize) -> Fallible<ControlFlow<()>> {
        assert_ne!(output, 50, "fifty");
        if output == 150 { Refused::result("a hundred and fifty") } else { Ok(ControlFlow::Continue(())) }
    }
    fn consumer_end(_: &Dropped, state: Option<Spiteful>) -> Fallible<()> {
        std::mem::forget(state);
        Ok(())
    }
}

#[test]
fn a_consumer_state_may_panic_when_it_is_dropped() {
    for workers in [1, 2, 8] {
        watched(format!("{workers} workers"), move || {
            let dropped = Dropped::default();
            let mut runner = Runner::<SpitefulConsumer>::new(workers, Arc::clone(&dropped));
            for (count, items) in [(1, 0..100), (2, 100..200), (3, 0..100)] {
                // It is the caller's thread and the caller's value: an error or an unwinding are both to be expected.
                let outcome = catch_unwind(AssertUnwindSafe(|| runner.run(items)));
                assert!(!matches!(outcome, Ok(Ok(()))), "the consumer fails");
                assert_eq!(dropped.load(Ordering::SeqCst), count, "the state is dropped once");
                assert_accounts(runner.report());
            }
            runner.run(0..50).expect("nothing fails");
            runner.close().expect("nothing fails");
        });
    }
}

fn two_errors_at_once<const ORDERED: bool>(fails_by_panic: bool) {
    watched(format!("ordered: {ORDERED}, by panic: {fails_by_panic}"), move || {
        let (dropped, meeting) = (Dropped::default(), Barrier::new(2));
        let failing = Arc::clone(&dropped);
        let plan = Plan::new(move |_, item: usize| {
            if item < 2 {
                // Both are at work, so both fail, and one of the errors is nobody's.
                meeting.wait();
                if fails_by_panic {
                    panic_twice(&failing);
                }
                return refuse_spitefully(&failing);
            }
            Ok(item)
        });
        let books = plan.books();
        let mut runner =
            JobRunner::<_, _, ORDERED>::new(2, plan).options(Options::new().chunk(Chunk::Exactly(1)));
        let error = runner.run(0..2).expect_err("both fail");
        defuse_error(error);
        assert_eq!(dropped.load(Ordering::SeqCst), 2, "each is dropped once");
        assert_eq!(runner.report().map(easycore::Report::failed), Some(2));
        assert_eq!(runner.run(2..50).expect("nothing fails").len(), 48);
        drop(runner);
        books.assert_all_ended();
    });
}

#[test]
fn an_error_that_nobody_gets_may_panic_when_it_is_dropped() {
    for fails_by_panic in [true, false] {
        two_errors_at_once::<true>(fails_by_panic);
        two_errors_at_once::<false>(fails_by_panic);
    }
}

#[test]
fn an_input_may_panic_first_and_again_when_it_is_dropped() {
    for workers in [1, 2, 8] {
        watched(format!("{workers} workers"), move || {
            let dropped = Dropped::default();
            let spite = Merciless(Arc::clone(&dropped));
            let mut runner = JobRunner::<_, _, true>::new(workers, identity());
            let input = (0..100).inspect(move |&item| {
                assert_eq!(spite.0.load(Ordering::SeqCst), 0);
                assert_ne!(item, 50, "fifty");
            });
            let error = runner.run(input).expect_err("it panics");
            assert_eq!((error.kind(), error.is_panic(), error.item()), (ErrorKind::Input, true, Some(50)));
            assert_eq!(dropped.load(Ordering::SeqCst), 1, "it is dropped once");
            assert_accounts(runner.report());
            assert_eq!(runner.run(0..10).expect("nothing fails").len(), 10);
        });
    }
}

#[test]
fn a_second_error_of_producer_end_may_panic_when_it_is_dropped() {
    watched("one worker whose state is ended twice by a panic", || {
        let dropped = Dropped::default();
        let plan = Plan::new(|_, item: usize| {
            assert!(item % 10 != 5, "five");
            Ok(item)
        })
        .end(move |_| refuse_spitefully(&dropped));
        let mut runner =
            JobRunner::<_, _, true>::new(1, plan).options(Options::new().on_error(OnError::skip(usize::MAX)));
        assert_eq!(runner.run(0..100).expect("panics are tolerated").len(), 90);
        let error = runner.close().expect_err("producer_end fails");
        let _ = catch_unwind(AssertUnwindSafe(|| drop(error)));
    });
}

#[test]
fn a_report_of_errors_that_panic_when_they_are_dropped_does_not_disturb_the_next_run() {
    watched("two skipped errors", || {
        let dropped = Dropped::default();
        let plan =
            Plan::new(move |_, item: usize| if item < 2 { refuse_spitefully(&dropped) } else { Ok(item) });
        let mut runner =
            JobRunner::<_, _, true>::new(1, plan).options(Options::new().on_error(OnError::skip(usize::MAX)));
        assert_eq!(runner.run(0..100).expect("two are tolerated").len(), 98);
        assert_eq!(runner.run(2..100).expect("nothing fails").len(), 98);
    });
}
