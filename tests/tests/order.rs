//! Order: what the consumer sees, in which order, and that a run is worth its threads.

use std::collections::BTreeSet;
use std::hint;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;

use easycore::{Chunk, OnError, Options};
use easycore_tests::{JobRunner, PATIENCE, Plan, Refused, assert_accounts, identity, lock, watched};

const WORKERS: [usize; 4] = [1, 2, 3, 64];

/// Takes a time that looks like chance but is the same in every run, and now and then gives up the core.
fn dawdle(seed: usize) {
    for _ in 0..seed.wrapping_mul(7_919) % 2_300 {
        hint::spin_loop();
    }
    // Rarely: on a busy machine it takes a while to get the core back.
    if seed.is_multiple_of(128) {
        thread::yield_now();
    }
}

fn sum_of_squares<const ORDERED: bool>(workers: usize, irregular: bool) -> usize {
    let plan = Plan::new(move |_, item: usize| {
        if irregular {
            dawdle(item);
        }
        Ok(item * item)
    });
    let mut runner = JobRunner::<usize, usize, ORDERED>::new(workers, plan);
    let numbers = (0..100).inspect(|&item| {
        if irregular {
            dawdle(item + 1_000);
        }
    });
    runner.run(numbers).expect("nothing fails").into_iter().sum()
}

#[test]
fn the_sum_of_the_first_100_squares_is_328350_with_any_number_of_workers() {
    for workers in WORKERS {
        for irregular in [false, true] {
            let case = format!("{workers} workers, irregular: {irregular}");
            assert_eq!(
                watched(format!("ordered, {case}"), move || sum_of_squares::<true>(workers, irregular)),
                328_350
            );
            assert_eq!(
                watched(format!("unordered, {case}"), move || sum_of_squares::<false>(workers, irregular)),
                328_350
            );
        }
    }
}

#[test]
fn an_ordered_run_equals_the_sequential_loop_however_irregular_the_work() {
    for workers in WORKERS {
        watched(format!("{workers} workers"), move || {
            let plan = Plan::new(|_, item: usize| {
                dawdle(item);
                Ok(3 * item)
            });
            let outputs =
                JobRunner::<usize, usize, true>::new(workers, plan).run(0..3_000).expect("nothing fails");
            assert!(outputs.into_iter().eq((0..3_000).map(|item| 3 * item)));
        });
    }
}

#[test]
fn an_unordered_run_equals_the_sequential_loop_up_to_order() {
    for workers in WORKERS {
        watched(format!("{workers} workers"), move || {
            let plan = Plan::new(|_, item: usize| {
                dawdle(item);
                Ok(3 * item)
            });
            let mut outputs =
                JobRunner::<usize, usize, false>::new(workers, plan).run(0..3_000).expect("nothing fails");
            outputs.sort_unstable();
            assert!(outputs.into_iter().eq((0..3_000).map(|item| 3 * item)));
        });
    }
}

#[test]
fn the_ordered_consumer_waits_for_an_item_that_is_overtaken() {
    watched("item 0 ends after item 3", || {
        let (overtaken, wait) = mpsc::channel();
        let wait = Mutex::new(wait);
        let plan = Plan::new(move |_, item: usize| {
            match item {
                0 => lock(&wait).recv_timeout(PATIENCE).expect("item 3 is worked while item 0 is"),
                3 => overtaken.send(()).expect("item 0 waits"),
                _ => {}
            }
            Ok(item)
        });
        let mut runner =
            JobRunner::<_, _, true>::new(2, plan).options(Options::new().chunk(Chunk::Exactly(1)));
        assert_eq!(runner.run(0..10).expect("nothing fails"), (0..10).collect::<Vec<_>>());
    });
}

#[test]
fn the_unordered_consumer_does_not_wait_for_an_item_that_is_overtaken() {
    watched("item 0 ends once item 1 is consumed", || {
        let (consumed, wait) = mpsc::channel();
        let wait = Mutex::new(wait);
        let plan = Plan::new(move |_, item: usize| {
            if item == 0 {
                lock(&wait).recv_timeout(PATIENCE).expect("item 1 is consumed while item 0 is worked");
            }
            Ok(item)
        })
        .consume(move |outputs, output| {
            outputs.push(output);
            if output == 1 {
                consumed.send(()).expect("item 0 waits");
            }
            Ok(std::ops::ControlFlow::Continue(()))
        });
        let mut runner =
            JobRunner::<_, _, false>::new(2, plan).options(Options::new().chunk(Chunk::Exactly(1)));
        let outputs = runner.run(0..10).expect("nothing fails");
        assert_eq!(outputs.iter().copied().collect::<BTreeSet<_>>(), (0..10).collect());
        let place = |item| outputs.iter().position(|&output| output == item);
        assert!(place(1) < place(0));
    });
}

fn all_workers_at_once<const ORDERED: bool>(workers: usize) {
    watched(format!("ordered: {ORDERED}, {workers} workers"), move || {
        let meeting = Arc::new(Barrier::new(workers));
        let plan = Plan::new(move |_, item: usize| {
            meeting.wait();
            Ok(item)
        });
        let mut runner =
            JobRunner::<_, _, ORDERED>::new(workers, plan).options(Options::new().chunk(Chunk::Exactly(1)));
        assert_eq!(runner.run(0..3 * workers).expect("nothing fails").len(), 3 * workers);
    });
}

#[test]
fn all_workers_work_at_once() {
    for workers in WORKERS {
        all_workers_at_once::<true>(workers);
        all_workers_at_once::<false>(workers);
    }
}

fn without_items<const ORDERED: bool>(workers: usize) {
    watched(format!("ordered: {ORDERED}, {workers} workers"), move || {
        let (began, finished) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let plan = {
            let (began, finished) = (Arc::clone(&began), Arc::clone(&finished));
            identity()
                .begin(move || {
                    began.store(true, Ordering::SeqCst);
                    Ok(())
                })
                .finish(move |_| {
                    finished.store(true, Ordering::SeqCst);
                    Ok(())
                })
        };
        let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan);
        assert!(runner.run([]).expect("nothing fails").is_empty());
        assert!(began.load(Ordering::SeqCst), "consumer_init runs");
        assert!(finished.load(Ordering::SeqCst), "consumer_end runs");
        assert_eq!(runner.report().map(easycore::Report::pulled), Some(0));
        assert_eq!(runner.run(0..1).expect("nothing fails"), [0]);
    });
}

#[test]
fn without_items_the_consumer_still_begins_and_ends() {
    for workers in WORKERS {
        without_items::<true>(workers);
        without_items::<false>(workers);
    }
}

#[test]
fn an_input_that_has_ended_is_not_asked_again() {
    for workers in [1, 2, 8] {
        watched(format!("{workers} workers"), move || {
            let mut left = 100;
            let mut ended = false;
            let unfused = std::iter::from_fn(move || {
                assert!(!ended, "asked after its end");
                ended = left == 0;
                left = usize::saturating_sub(left, 1);
                (!ended).then_some(left)
            });
            let mut runner = JobRunner::<_, _, true>::new(workers, identity());
            assert_eq!(runner.run(unfused).expect("the input does not panic").len(), 100);
        });
    }
}

/// Numbers that look like chance and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits fit") % limit
    }
}

/// What `for x in data { consume(work(x)?)? }` would do, with up to `tolerated` failing items left out.
fn sequentially(items: usize, failing: &BTreeSet<usize>, tolerated: usize) -> (Vec<usize>, Option<usize>) {
    let (mut outputs, mut skipped) = (Vec::new(), 0);
    for item in 0..items {
        if failing.contains(&item) {
            skipped += 1;
            if skipped > tolerated {
                return (outputs, Some(item));
            }
        } else {
            outputs.push(item);
        }
    }
    (outputs, None)
}

#[test]
fn an_ordered_run_equals_the_sequential_loop_for_any_size_window_chunk_and_failures() {
    let mut dice = Dice(20);
    for round in 0..300 {
        let (workers, items) = (1 + dice.below(6), dice.below(400));
        let (window, chunk) = (1 + dice.below(50), 1 + dice.below(20));
        let failing: BTreeSet<_> = (0..dice.below(6)).map(|_| dice.below(400)).collect();
        let (tolerated, panics) = (dice.below(5), dice.below(2) == 0);
        let mut options = Options::new().on_error(OnError::skip(tolerated));
        if dice.below(3) > 0 {
            options = options.window(window.max(chunk));
        }
        if dice.below(2) > 0 {
            options = options.chunk(Chunk::Exactly(chunk));
        }
        let case =
            format!("round {round}: {items} items of which {failing:?} fail, {workers} workers, {options:?}");
        watched(case.clone(), move || {
            let expected = sequentially(items, &failing, tolerated);
            let plan = Plan::new(move |_, item: usize| {
                dawdle(item + round);
                if failing.contains(&item) {
                    assert!(!panics, "as planned");
                    return Refused::result("as planned");
                }
                Ok(item)
            });
            let books = plan.books();
            let mut runner = JobRunner::<_, _, true>::new(workers, plan).options(options);
            let mut outputs = Vec::new();
            let failed_at = runner
                .run_into(&mut outputs, 0..items)
                .err()
                .map(|error| error.item().expect("producer_work failed, so there is an item"));
            assert_eq!((outputs, failed_at), expected, "{case}");
            assert_accounts(runner.report());
            drop(runner);
            books.assert_all_ended();
        });
    }
}
