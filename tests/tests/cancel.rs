//! Cancelling, draining and breaking: from any thread, from inside any hook, at any time.

use std::hint;
use std::mem;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock, mpsc};
use std::thread;

use easycore::{Canceller, Chunk, ErrorKind, Options};
use easycore_tests::{Books, JobRunner, PATIENCE, Plan, assert_accounts, identity, lock, watched};

/// A canceller for a plan that has to be made before the runner that it cancels.
type Handle = Arc<OnceLock<Canceller>>;

fn cancel(handle: &Handle) {
    handle.get().expect("it is set before the run").cancel();
}

fn for_each_order_and_worker_count(check: fn(bool, usize)) {
    for workers in [1, 2, 8] {
        for ordered in [true, false] {
            watched(format!("ordered: {ordered}, {workers} workers"), move || check(ordered, workers));
        }
    }
}

/// Calls a check in the order that is only known at run time.
macro_rules! in_order {
    ($check:ident) => {
        |ordered, workers| if ordered { $check::<true>(workers) } else { $check::<false>(workers) }
    };
}

/// The run was cancelled, all is accounted for, and the runner is as good as before.
fn assert_cancelled<const ORDERED: bool>(
    mut runner: JobRunner<usize, usize, ORDERED>,
    outcome: Result<Vec<usize>, easycore::Error>,
    books: &Books,
) {
    let error = outcome.expect_err("it is cancelled");
    assert_eq!(
        (error.kind(), error.hook(), error.is_panic()),
        (ErrorKind::Cancelled, None, false),
        "{error}"
    );
    assert_accounts(runner.report());
    runner.run(10..20).expect("the next run is not cancelled");
    assert_eq!(runner.report().map(easycore::Report::consumed), Some(10));
    runner.close().expect("nothing fails");
    books.assert_all_ended();
}

fn breaks<const ORDERED: bool>(workers: usize) {
    let plan = identity().consume(|outputs, output| {
        outputs.push(output);
        Ok(if outputs.len() == 1_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    });
    let finished = Arc::new(AtomicBool::new(false));
    let finishing = Arc::clone(&finished);
    let plan = plan.finish(move |_| {
        finishing.store(true, Ordering::SeqCst);
        Ok(())
    });
    let books = plan.books();
    let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan);
    for _ in 0..3 {
        let outputs = runner.run(0..).expect("breaking is success");
        assert_eq!(outputs.len(), 1_000, "nothing is consumed after Break");
        assert!(!ORDERED || outputs.into_iter().eq(0..1_000));
        assert!(finished.swap(false, Ordering::SeqCst), "consumer_end runs");
        let report = runner.report().expect("there was a run");
        assert_eq!((report.consumed(), report.failed()), (1_000, 0));
        assert_accounts(Some(report));
    }
    drop(runner);
    books.assert_all_ended();
}

#[test]
fn breaking_after_a_thousand_outputs_ends_an_infinite_run_successfully() {
    for_each_order_and_worker_count(in_order!(breaks));
}

fn cancelled_from_another_thread<const ORDERED: bool>(workers: usize) {
    let plan = identity().consume(|_, _| Ok(ControlFlow::Continue(())));
    let books = plan.books();
    let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan);
    let canceller = runner.canceller();
    let (far, wait) = mpsc::channel();
    let other = thread::spawn(move || {
        wait.recv_timeout(PATIENCE).expect("the run gets far");
        canceller.cancel();
    });
    let infinite = (0..).inspect(|&item| {
        if item == 5_000 {
            far.send(()).expect("somebody waits");
        }
    });
    let outcome = runner.run(infinite);
    other.join().expect("it cancels");
    assert_cancelled(runner, outcome, &books);
}

#[test]
fn an_infinite_run_is_cancelled_from_another_thread() {
    for_each_order_and_worker_count(in_order!(cancelled_from_another_thread));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    ProducerInit,
    ProducerWork,
    ConsumerInit,
    ConsumerWork,
    Input,
}

fn cancelled_from_inside<const ORDERED: bool>(workers: usize, inside: Inside) {
    let handle = Handle::default();
    let armed = Arc::new(AtomicBool::new(true));
    let strike = |place| {
        let (handle, armed) = (Arc::clone(&handle), Arc::clone(&armed));
        move || {
            if inside == place && armed.swap(false, Ordering::SeqCst) {
                cancel(&handle);
            }
        }
    };
    let (init, work, begin) =
        (strike(Inside::ProducerInit), strike(Inside::ProducerWork), strike(Inside::ConsumerInit));
    let (consume, next) = (strike(Inside::ConsumerWork), strike(Inside::Input));
    let consumed_after = Arc::new(AtomicUsize::new(0));
    let (counting, cancelled) = (Arc::clone(&consumed_after), Arc::clone(&armed));
    let plan = Plan::new(move |_, item: usize| {
        if item == 500 {
            work();
        }
        Ok(item)
    })
    .init(move |_| {
        init();
        Ok(())
    })
    .begin(move || {
        begin();
        Ok(())
    })
    .consume(move |outputs, output| {
        if inside == Inside::ConsumerWork && !cancelled.load(Ordering::SeqCst) {
            counting.fetch_add(1, Ordering::SeqCst);
        }
        outputs.push(output);
        if output == 500 {
            consume();
        }
        Ok(ControlFlow::Continue(()))
    });
    let books = plan.books();
    let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan);
    assert!(handle.set(runner.canceller()).is_ok());
    let pulled = AtomicUsize::new(0);
    let outcome = runner.run((0..).inspect(|&item| {
        pulled.fetch_add(1, Ordering::SeqCst);
        if item == 500 {
            next();
        }
    }));
    assert_eq!(consumed_after.load(Ordering::SeqCst), 0, "a cancelled run consumes no more");
    if matches!(inside, Inside::ProducerInit | Inside::ConsumerInit) {
        assert_eq!(pulled.into_inner(), 0, "nothing is pulled by a run that is cancelled so early");
    }
    assert_cancelled(runner, outcome, &books);
}

#[test]
fn an_infinite_run_is_cancelled_from_inside_any_hook_and_from_its_input() {
    for inside in [
        Inside::ProducerInit,
        Inside::ProducerWork,
        Inside::ConsumerInit,
        Inside::ConsumerWork,
        Inside::Input,
    ] {
        for workers in [1, 2, 8] {
            watched(format!("ordered, {inside:?}, {workers} workers"), move || {
                cancelled_from_inside::<true>(workers, inside);
            });
            watched(format!("unordered, {inside:?}, {workers} workers"), move || {
                cancelled_from_inside::<false>(workers, inside);
            });
        }
    }
}

fn cancelled_at_the_window<const ORDERED: bool>(workers: usize) {
    let handle = Handle::default();
    let (full, wait) = mpsc::channel();
    let (wait, cancelling) = (Mutex::new(wait), Arc::clone(&handle));
    let plan = identity().consume(move |_, _| {
        // With the window full, no worker can go on while the consumer is in here.
        lock(&wait).recv_timeout(PATIENCE).expect("the workers fill the window");
        cancel(&cancelling);
        Ok(ControlFlow::Continue(()))
    });
    let books = plan.books();
    let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan)
        .options(Options::new().window(4).chunk(Chunk::Exactly(1)));
    assert!(handle.set(runner.canceller()).is_ok());
    let input = (0..).inspect(|&item| {
        if item == 3 {
            full.send(()).expect("the consumer waits");
        }
    });
    let error = runner.run(input).expect_err("it is cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    let report = runner.report().expect("there was a run");
    assert_eq!((report.pulled(), report.consumed(), report.discarded()), (4, 1, 3));
    runner.close().expect("nothing fails");
    books.assert_all_ended();
}

#[test]
fn workers_that_are_blocked_on_the_window_come_to_rest_when_the_run_is_cancelled() {
    for_each_order_and_worker_count(in_order!(cancelled_at_the_window));
}

fn cancelled_while_the_consumer_waits<const ORDERED: bool>(workers: usize) {
    let handle = Handle::default();
    let cancelling = Arc::clone(&handle);
    // The consumer has nothing to do, and the worker of item 0 does not deliver before it sees the cancel.
    let plan = Plan::new(move |seat, item: usize| {
        if item == 0 {
            cancel(&cancelling);
        }
        while !seat.worker.is_cancelled() {
            thread::yield_now();
        }
        Ok(item)
    });
    let books = plan.books();
    let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan);
    assert!(handle.set(runner.canceller()).is_ok());
    let error = runner.run(0..).expect_err("it is cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    let report = runner.report().expect("there was a run");
    assert_eq!(report.consumed(), 0);
    assert_accounts(Some(report));
    runner.close().expect("nothing fails");
    books.assert_all_ended();
}

#[test]
fn a_long_hook_sees_that_its_run_is_cancelled() {
    for_each_order_and_worker_count(in_order!(cancelled_while_the_consumer_waits));
}

#[test]
fn a_start_is_cancelled_too_and_what_follows_is_not() {
    for workers in [1, 2, 8] {
        watched(format!("{workers} workers"), move || {
            let handle = Handle::default();
            let cancelling = Arc::clone(&handle);
            let meeting = Barrier::new(workers);
            let saw_it = Arc::new(AtomicUsize::new(0));
            let seeing = Arc::clone(&saw_it);
            let armed = Arc::new(AtomicBool::new(true));
            let striking = Arc::clone(&armed);
            let plan = identity().init(move |worker| {
                if worker.index() == 0 && striking.load(Ordering::SeqCst) {
                    cancel(&cancelling);
                }
                meeting.wait();
                seeing.fetch_add(usize::from(worker.is_cancelled()), Ordering::SeqCst);
                Ok(())
            });
            let books = plan.books();
            let mut runner = JobRunner::<_, _, true>::new(workers, plan);
            assert!(handle.set(runner.canceller()).is_ok());
            let error = runner.start().expect_err("it is cancelled");
            assert_eq!(error.kind(), ErrorKind::Cancelled);
            assert_eq!(saw_it.load(Ordering::SeqCst), workers, "every worker sees it");
            assert_eq!(books.living(), if runner.is_active() { workers } else { 0 });
            armed.store(false, Ordering::SeqCst);
            assert_eq!(runner.run(0..5).expect("the next run is not cancelled"), [0, 1, 2, 3, 4]);
            runner.close().expect("nothing fails");
            books.assert_all_ended();
        });
    }
}

#[test]
fn a_cancel_or_drain_without_a_run_does_nothing_to_the_next() {
    watched("before, between and after runs", || {
        let plan = identity();
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(2, plan);
        let canceller = runner.canceller();
        let everybody = || {
            canceller.cancel();
            canceller.drain();
            canceller.clone().cancel();
        };
        everybody();
        assert_eq!(runner.run(0..10).expect("it began later").len(), 10);
        everybody();
        runner.start().expect("it began later");
        everybody();
        assert_eq!(runner.run(0..10).expect("it began later").len(), 10);
        assert_eq!(runner.stream(0..10).map_while(Result::ok).count(), 10);
        everybody();
        assert_eq!(runner.stream(0..10).map_while(Result::ok).count(), 10);
        runner.close().expect("nothing fails");
        everybody();
        assert_eq!(runner.run(0..10).expect("it began later").len(), 10);
        drop(runner);
        everybody();
        books.assert_all_ended();
    });
}

#[test]
fn a_cancel_after_a_run_that_panicked_does_nothing_to_the_next() {
    watched("consumer_init and consumer_work panic", || {
        let step = Arc::new(AtomicUsize::new(0));
        let (beginning, consuming) = (Arc::clone(&step), Arc::clone(&step));
        let plan = identity()
            .begin(move || {
                assert_ne!(beginning.load(Ordering::SeqCst), 0, "in consumer_init");
                Ok(())
            })
            .consume(move |outputs, output| {
                assert_ne!(consuming.load(Ordering::SeqCst), 1, "in consumer_work");
                outputs.push(output);
                Ok(ControlFlow::Continue(()))
            });
        let mut runner = JobRunner::<_, _, true>::new(2, plan);
        let canceller = runner.canceller();
        for _ in 0..2 {
            assert!(catch_unwind(AssertUnwindSafe(|| runner.run(0..10))).is_err());
            canceller.cancel();
            step.fetch_add(1, Ordering::SeqCst);
        }
        assert_eq!(runner.run(0..10).expect("it began later").len(), 10);
    });
}

fn drained<const ORDERED: bool>(workers: usize) {
    let pulled = AtomicUsize::new(0);
    let worked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&worked);
    let plan = Plan::new(move |_, item: usize| {
        counting.fetch_add(1, Ordering::SeqCst);
        Ok(item)
    });
    let books = plan.books();
    let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan);
    let canceller = runner.canceller();
    let infinite = (0..).inspect(|&item| {
        pulled.fetch_add(1, Ordering::SeqCst);
        if item == 5_000 {
            canceller.drain();
        }
    });
    let mut outputs = runner.run(infinite).expect("draining is success");
    assert_eq!(pulled.into_inner(), 5_001, "no more is pulled");
    assert_eq!(worked.load(Ordering::SeqCst), 5_001);
    if !ORDERED {
        outputs.sort_unstable();
    }
    assert!(outputs.into_iter().eq(0..5_001), "what was pulled is consumed");
    let report = runner.report().expect("there was a run");
    assert_eq!((report.pulled(), report.consumed()), (5_001, 5_001));
    assert_eq!(runner.run(0..10).expect("the next run is not drained").len(), 10);
    drop(runner);
    books.assert_all_ended();
}

#[test]
fn a_drained_run_pulls_no_more_consumes_what_was_pulled_and_succeeds() {
    for_each_order_and_worker_count(in_order!(drained));
}

fn drained_at_the_window<const ORDERED: bool>(workers: usize) {
    let handle = Handle::default();
    let (full, wait) = mpsc::channel();
    let (wait, draining) = (Mutex::new(wait), Arc::clone(&handle));
    let once = AtomicBool::new(true);
    let plan = identity().consume(move |outputs, output| {
        if once.swap(false, Ordering::SeqCst) {
            lock(&wait).recv_timeout(PATIENCE).expect("the workers fill the window");
            draining.get().expect("it is set before the run").drain();
        }
        outputs.push(output);
        Ok(ControlFlow::Continue(()))
    });
    let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan)
        .options(Options::new().window(4).chunk(Chunk::Exactly(1)));
    assert!(handle.set(runner.canceller()).is_ok());
    let input = (0..).inspect(|&item| {
        if item == 3 {
            full.send(()).expect("the consumer waits");
        }
    });
    let mut outputs = runner.run(input).expect("draining is success");
    outputs.sort_unstable();
    assert_eq!(outputs, [0, 1, 2, 3]);
}

#[test]
fn a_run_drained_with_its_window_full_consumes_the_window() {
    for_each_order_and_worker_count(in_order!(drained_at_the_window));
}

#[test]
fn a_drained_run_can_still_be_cancelled() {
    watched("drain, then cancel", || {
        let handle = Handle::default();
        let cancelling = Arc::clone(&handle);
        let plan = identity().consume(move |outputs, output| {
            outputs.push(output);
            let canceller = cancelling.get().expect("it is set before the run");
            canceller.drain();
            if outputs.len() == 2 {
                canceller.cancel();
            }
            Ok(ControlFlow::Continue(()))
        });
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(1, plan)
            .options(Options::new().window(10).chunk(Chunk::Exactly(10)));
        assert!(handle.set(runner.canceller()).is_ok());
        let error = runner.run(0..).expect_err("it is cancelled");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        let report = runner.report().expect("there was a run");
        assert_eq!(report.consumed(), 2);
        assert_accounts(Some(report));
        drop(runner);
        books.assert_all_ended();
    });
}

#[test]
fn consumer_end_does_not_run_after_a_cancel() {
    watched("cancelled by its input", || {
        let finished = Arc::new(AtomicBool::new(false));
        let finishing = Arc::clone(&finished);
        let plan = identity().finish(move |_| {
            finishing.store(true, Ordering::SeqCst);
            Ok(())
        });
        let mut runner = JobRunner::<_, _, true>::new(2, plan);
        let canceller = runner.canceller();
        runner.run((0..).inspect(|_| canceller.cancel())).expect_err("it is cancelled");
        assert!(!finished.load(Ordering::SeqCst));
    });
}

#[test]
fn what_was_consumed_before_a_cancel_stays_in_the_callers_state() {
    watched("run_into", || {
        let handle = Handle::default();
        let cancelling = Arc::clone(&handle);
        let plan = identity().consume(move |outputs, output| {
            outputs.push(output);
            if output == 100 {
                cancel(&cancelling);
            }
            Ok(ControlFlow::Continue(()))
        });
        let mut runner = JobRunner::<_, _, true>::new(2, plan);
        assert!(handle.set(runner.canceller()).is_ok());
        let mut outputs = Vec::new();
        let error = runner.run_into(&mut outputs, 0..).expect_err("it is cancelled");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert!(outputs.into_iter().eq(0..=100));
    });
}

fn cancelled_at_any_moment<const ORDERED: bool>(workers: usize) {
    let plan = identity();
    let books = plan.books();
    let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan);
    let canceller = runner.canceller();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for moment in (0_usize..).take_while(|_| !over.load(Ordering::SeqCst)) {
                (0..moment % 97 * 300).for_each(|_| hint::spin_loop());
                thread::yield_now();
                if moment % 5 == 0 { canceller.drain() } else { canceller.cancel() }
            }
        });
        for round in 0..100 {
            let outcome = match round % 3 {
                0 => runner.run(0..2_000),
                1 => runner.stream(0..2_000).collect(),
                _ => runner.start().map(|()| Vec::new()),
            };
            match outcome {
                Ok(outputs) => {
                    // A drained run ends early.
                    assert!(!ORDERED || outputs.iter().copied().eq(0..outputs.len()));
                    assert!(outputs.len() <= 2_000);
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::Cancelled),
            }
            if runner.report().is_some() {
                assert_accounts(runner.report());
            }
            if round % 10 == 0 {
                runner.close().expect("nothing fails");
            }
        }
        over.store(true, Ordering::SeqCst);
    });
    assert_eq!(runner.run(0..2_000).expect("nobody cancels any more").len(), 2_000);
    drop(runner);
    books.assert_all_ended();
}

#[test]
fn a_run_may_be_cancelled_or_drained_at_any_moment() {
    for_each_order_and_worker_count(in_order!(cancelled_at_any_moment));
}

#[test]
fn a_worker_is_cancelled_only_while_its_run_is_in_progress() {
    for workers in [1, 2] {
        watched(format!("{workers} workers"), move || {
            let seen = Arc::new(AtomicUsize::new(0));
            let seeing = Arc::clone(&seen);
            let plan = identity().end(move |seat| {
                seeing.fetch_add(usize::from(seat.worker.is_cancelled()), Ordering::SeqCst);
                Ok(())
            });
            let mut runner = JobRunner::<_, _, true>::new(workers, plan);
            let canceller = runner.canceller();
            runner.run((0..).inspect(|_| canceller.cancel())).expect_err("it is cancelled");
            runner.close().expect("nothing fails");
            mem::forget(runner.stream(0..));
            runner.close().expect("nothing fails");
            assert_eq!(seen.load(Ordering::SeqCst), 0, "closing is no run");
        });
    }
}

fn cancelled_within_a_chunk<const ORDERED: bool, const BATCH: usize>() {
    let (handle, worked) = (Handle::default(), Arc::new(AtomicUsize::new(0)));
    let (cancelling, counting) = (Arc::clone(&handle), Arc::clone(&worked));
    let plan = Plan::new(move |_, item: usize| {
        counting.fetch_add(1, Ordering::SeqCst);
        if item == 7 {
            cancel(&cancelling);
        }
        Ok(item)
    });
    let mut runner = JobRunner::<_, _, ORDERED, BATCH>::new(1, plan)
        .options(Options::new().chunk(Chunk::Exactly(20)).window(20));
    assert!(handle.set(runner.canceller()).is_ok());
    runner.run(0..20).expect_err("it is cancelled");
    assert_eq!(worked.load(Ordering::SeqCst), 8, "the rest of the chunk is not worked");
    assert_accounts(runner.report());
}

#[test]
fn what_is_left_of_a_chunk_is_not_worked_after_a_cancel() {
    watched("ordered", cancelled_within_a_chunk::<true, 0>);
    watched("unordered", cancelled_within_a_chunk::<false, 0>);
    watched("ordered, in batches", cancelled_within_a_chunk::<true, 4>);
    watched("unordered, in batches", cancelled_within_a_chunk::<false, 4>);
}
