//! Memory: the window is an exact bound, whatever is slow, and input is pulled no further than it.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use easycore::{Chunk, OnError, Options};
use easycore_tests::{JobRunner, PATIENCE, Plan, Refused, assert_accounts, identity, lock, watched};

/// Counts the items that are pulled and not yet consumed.
#[derive(Debug, Default)]
struct Gauge {
    pulled: AtomicUsize,
    done: AtomicUsize,
    most: AtomicUsize,
}

impl Gauge {
    fn pull(&self) {
        let pulled = 1 + self.pulled.fetch_add(1, Ordering::SeqCst);
        self.most.fetch_max(pulled - self.done.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    fn consume(&self) {
        self.done.fetch_add(1, Ordering::SeqCst);
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

/// What a slow part of a run does: long enough for the others to get ahead of it as far as they may.
fn be_slow() {
    thread::sleep(Duration::from_millis(1));
}

fn count(pulled: &AtomicUsize) {
    pulled.fetch_add(1, Ordering::SeqCst);
}

fn chunks() -> [Chunk; 2] {
    [Chunk::Auto, Chunk::Exactly(1)]
}

fn slow_consumer<const ORDERED: bool>(workers: usize, window: usize, chunk: Chunk) {
    watched(format!("ordered: {ORDERED}, {workers} workers, window {window}, {chunk:?}"), move || {
        let gauge = Arc::new(Gauge::default());
        let consumed = Arc::clone(&gauge);
        let plan = identity().consume(move |_, _| {
            be_slow();
            consumed.consume();
            Ok(ControlFlow::Continue(()))
        });
        let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan)
            .options(Options::new().window(window).chunk(chunk));
        runner.run((0..150).inspect(|_| gauge.pull())).expect("nothing fails");
        assert!(gauge.most() <= window, "{} items at once", gauge.most());
        if chunk == Chunk::Exactly(1) {
            assert_eq!(gauge.most(), window, "the window is used");
        }
    });
}

#[test]
fn a_window_bounds_the_living_items_exactly_under_a_slow_consumer() {
    for (workers, window) in [(1, 1), (2, 1), (1, 7), (2, 7), (8, 7), (3, 40)] {
        for chunk in chunks() {
            slow_consumer::<true>(workers, window, chunk);
            slow_consumer::<false>(workers, window, chunk);
        }
    }
}

#[test]
fn a_window_bounds_the_living_items_exactly_while_the_next_in_order_is_blocked() {
    for (workers, window) in [(2, 2), (2, 9), (8, 9), (3, 100)] {
        watched(format!("{workers} workers, window {window}"), move || {
            let gauge = Arc::new(Gauge::default());
            let (full, wait) = mpsc::channel();
            let (wait, waiting, consumed) = (Mutex::new(wait), Arc::clone(&gauge), Arc::clone(&gauge));
            let plan = Plan::new(move |_, item: usize| {
                if item == 0 {
                    lock(&wait).recv_timeout(PATIENCE).expect("the other workers fill the window");
                    // The others have every chance to go too far.
                    for _ in 0..20 {
                        be_slow();
                    }
                    assert_eq!(waiting.pulled.load(Ordering::SeqCst), window);
                }
                Ok(item)
            })
            .consume(move |outputs, output| {
                consumed.consume();
                outputs.push(output);
                Ok(ControlFlow::Continue(()))
            });
            let mut runner = JobRunner::<_, _, true>::new(workers, plan)
                .options(Options::new().window(window).chunk(Chunk::Exactly(1)));
            let input = (0..1_000).inspect(|&item| {
                gauge.pull();
                if item + 1 == window {
                    full.send(()).expect("item 0 is being worked");
                }
            });
            let outputs = runner.run(input).expect("the bound holds while item 0 is worked");
            assert!(outputs.into_iter().eq(0..1_000));
            assert_eq!(gauge.most(), window);
        });
    }
}

#[test]
fn without_an_explicit_window_a_slow_consumer_still_bounds_the_pulling() {
    for workers in [1, 2] {
        watched(format!("{workers} workers"), move || {
            // Each item takes long enough to be a chunk of its own, so the automatic window holds few.
            let plan = Plan::new(|_, item: usize| {
                be_slow();
                Ok(item)
            })
            .consume(|_, output| {
                if output == 0 {
                    for _ in 0..200 {
                        be_slow();
                    }
                    return Ok(ControlFlow::Break(()));
                }
                Ok(ControlFlow::Continue(()))
            });
            let pulled = AtomicUsize::new(0);
            let mut runner = JobRunner::<_, _, true>::new(workers, plan);
            runner.run((0..).inspect(|_| count(&pulled))).expect("it breaks");
            let pulled = pulled.into_inner();
            assert!(pulled <= 12 * workers, "{pulled} items pulled ahead of the first");
        });
    }
}

fn slots_of_failed_items<const ORDERED: bool>(workers: usize) {
    watched(format!("ordered: {ORDERED}, {workers} workers"), move || {
        let plan = Plan::new(|_, item: usize| {
            assert_ne!(item % 3, 0, "a multiple of three");
            if item % 3 == 1 { Refused::result("one more") } else { Ok(item) }
        });
        let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan).options(
            Options::new().window(4).on_error(OnError::skip(usize::MAX)).restarts(usize::MAX, PATIENCE),
        );
        let input =
            (0..600).map(|item| if item % 5 == 0 { Err(Refused("five".to_owned())) } else { Ok(item) });
        // If a single slot were lost for each failure, the run would never end.
        let outputs = runner.try_run(input).expect("failures are tolerated");
        assert_eq!(outputs.len(), 160);
        assert_accounts(runner.report());
    });
}

#[test]
fn items_that_fail_give_their_slots_of_the_window_back() {
    for workers in [1, 2, 8] {
        slots_of_failed_items::<true>(workers);
        slots_of_failed_items::<false>(workers);
    }
}

#[test]
fn a_stream_that_nobody_pulls_fills_the_window_and_no_more() {
    for (workers, window) in [(1, 1), (1, 5), (2, 5), (8, 5)] {
        for chunk in chunks() {
            watched(format!("{workers} workers, window {window}, {chunk:?}"), move || {
                let (gauge, (full, wait)) = (Arc::new(Gauge::default()), mpsc::channel());
                let mut runner = JobRunner::<_, _, true>::new(workers, identity())
                    .options(Options::new().window(window).chunk(chunk));
                let pulling = Arc::clone(&gauge);
                let mut stream = runner.stream((0..).inspect(move |item| {
                    pulling.pull();
                    if (item + 1) % window == 0 {
                        // The test may have ended.
                        let _ = full.send(());
                    }
                }));
                wait.recv_timeout(PATIENCE).expect("the workers fill the window by themselves");
                for _ in 0..20 {
                    be_slow();
                }
                assert_eq!(gauge.pulled.load(Ordering::SeqCst), window);
                for item in 0..3 * window {
                    assert_eq!(stream.next().expect("endless").expect("nothing fails"), item);
                    gauge.consume();
                }
                drop(stream);
                // An output counts as consumed once it is out, which the test notes a moment later.
                assert!(gauge.most() <= window + 1, "{} items at once", gauge.most());
            });
        }
    }
}

#[test]
fn a_run_that_breaks_has_pulled_no_further_than_its_window() {
    for workers in [1, 2, 8] {
        watched(format!("{workers} workers"), move || {
            let plan = identity().consume(|_, output| {
                Ok(if output == 99 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            });
            let mut runner = JobRunner::<_, _, true>::new(workers, plan).options(Options::new().window(10));
            let pulled = AtomicUsize::new(0);
            runner.run((0..).inspect(|_| count(&pulled))).expect("it breaks");
            let pulled = pulled.into_inner();
            assert!((100..=109).contains(&pulled), "{pulled} items pulled for 100 consumed");
            assert_accounts(runner.report());
        });
    }
}

#[test]
fn nothing_is_pulled_before_there_is_a_worker_to_work_it() {
    watched("producer_init fails", || {
        let plan = identity().init(|_| Refused::result("no"));
        let mut runner = JobRunner::<_, _, true>::new(2, plan);
        let pulled = AtomicUsize::new(0);
        runner.run((0..10).inspect(|_| count(&pulled))).expect_err("no worker can start");
        assert_eq!(pulled.into_inner(), 0);
    });
}
