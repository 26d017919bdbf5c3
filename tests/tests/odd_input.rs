//! Input that can be split and does not keep to the rules: it lies about how many items it has, or never gets on. Its run ends, and
//! no state and no other run suffers from it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use easycore::{Canceller, Chunk, Device, ErrorKind, OnError, Options};
use easycore_tests::{JobRunner, Plan, assert_accounts, identity, watched};
use rayon::iter::plumbing::{Consumer, Producer, ProducerCallback, UnindexedConsumer, bridge};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

/// Yields the first `good` of its items and then never gets on, and tells of another number of items than it has.
#[derive(Debug)]
struct Odd {
    good: usize,
    items: usize,
    says: fn(usize) -> usize,
    panics: bool,
}

impl ParallelIterator for Odd {
    type Item = usize;

    fn drive_unindexed<C: UnindexedConsumer<usize>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }
}

impl IndexedParallelIterator for Odd {
    fn len(&self) -> usize {
        self.items
    }

    fn drive<C: Consumer<usize>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn with_producer<CB: ProducerCallback<usize>>(self, callback: CB) -> CB::Output {
        callback.callback(self)
    }
}

impl Producer for Odd {
    type Item = usize;
    type IntoIter = Self;

    fn into_iter(self) -> Self {
        self
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let (good, rest) = (self.good.min(index), self.good.saturating_sub(index));
        (Self { good, items: index, ..self }, Self { good: rest, items: self.items - index, ..self })
    }
}

impl Iterator for Odd {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.good == 0 {
            assert!(!self.panics, "barren");
            return None;
        }
        self.good -= 1;
        self.items -= 1;
        Some(self.items)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let says = (self.says)(self.items);
        (says, Some(says))
    }
}

impl DoubleEndedIterator for Odd {
    fn next_back(&mut self) -> Option<usize> {
        self.next()
    }
}

impl ExactSizeIterator for Odd {
    fn len(&self) -> usize {
        let says = self.size_hint().0;
        assert!(says < 1_000, "even its length panics");
        says
    }
}

fn liar(says: fn(usize) -> usize) -> Odd {
    Odd { good: 40, items: 40, says, panics: false }
}

fn barren(good: usize, items: usize) -> Odd {
    Odd { good, items, says: |items| items, panics: true }
}

#[test]
fn input_that_lies_about_its_length_leaves_no_state_and_no_run_behind() {
    let lies: [fn(usize) -> usize; 5] =
        [|_| 0, |items| items + 5, |items| items.saturating_sub(1), |items| 100 - items, |_| 1_000];
    for (number, says) in lies.into_iter().enumerate() {
        watched(format!("lie {number}"), move || {
            let plan = identity();
            let books = plan.books();
            let options = Options::new().chunk(Chunk::Exactly(10));
            let mut runner = JobRunner::<usize, usize, true>::new(2, plan).options(options);
            // Whatever comes of it.
            let _ = catch_unwind(AssertUnwindSafe(|| runner.run_indexed(liar(says)).map(drop)));
            assert_eq!(runner.run(0..100).expect("this input is honest").len(), 100);
            drop(runner);
            books.assert_all_ended();
        });
    }
}

#[test]
fn input_whose_length_cannot_be_told_is_an_error_of_the_input() {
    watched("more than fits", || {
        let mut runner = JobRunner::<usize, usize, true>::new(1, identity());
        let error = runner
            .run_indexed((0..usize::MAX).into_par_iter().chain(0..5))
            .expect_err("its length overflows");
        assert_eq!((error.kind(), error.is_panic()), (ErrorKind::Input, true));
        assert_eq!(runner.run(0..3).expect("nothing fails").len(), 3);
    });
}

#[test]
fn input_that_never_gets_on_does_not_keep_the_run_from_ending() {
    for on_error in [OnError::stop(), OnError::skip(usize::MAX)] {
        watched(format!("{on_error:?}"), move || {
            let options = Options::new().on_error(on_error).chunk(Chunk::Exactly(10));
            let mut runner = JobRunner::<_, _, true>::new(1, identity()).options(options);
            let error = runner.run_indexed(barren(0, 30)).expect_err("it panics for ever");
            assert_eq!((error.kind(), error.is_panic(), error.item()), (ErrorKind::Input, true, Some(0)));
            assert_accounts(runner.report());
            let outputs = runner.run_indexed(Odd { panics: false, ..barren(0, 30) });
            assert!(outputs.expect("it does not fail").is_empty());
            assert_accounts(runner.report());
        });
    }
}

#[test]
fn what_was_gathered_before_input_that_never_gets_on_is_worked() {
    for cancels in [false, true] {
        watched(format!("cancelled: {cancels}"), move || {
            let canceller = Arc::new(OnceLock::<Canceller>::new());
            let known = Arc::clone(&canceller);
            let plan = Plan::new(move |_, item: usize| {
                if cancels {
                    known.get().expect("it is set").cancel();
                }
                Ok(item)
            });
            let options = Options::new().on_error(OnError::skip(100)).chunk(Chunk::Exactly(8));
            let mut runner = JobRunner::<_, _, true, 4>::new(1, plan).options(options);
            assert!(canceller.set(runner.canceller()).is_ok());
            let error = runner.run_indexed(barren(2, 8)).expect_err("it panics for ever");
            let report = runner.report().expect("there was a run");
            if cancels {
                assert_eq!((error.kind(), report.consumed()), (ErrorKind::Cancelled, 0));
            } else {
                assert_eq!((error.kind(), error.item()), (ErrorKind::Input, Some(2)));
                assert_eq!(report.consumed(), 2);
            }
            assert_eq!(report.pulled(), 8);
            assert_accounts(Some(report));
        });
    }
}

#[test]
fn input_that_never_gets_on_is_handed_over_by_a_lost_device_with_as_many_items_as_it_has() {
    watched("a device that breaks at its second batch", || {
        let plan = Plan::new(|seat, item: usize| {
            assert_ne!(*seat.worker.device(), Device::Cuda(1), "item {item}");
            Ok(item)
        });
        let options = Options::new().on_error(OnError::skip(100)).restarts(1, Duration::from_hours(1));
        let mut runner = JobRunner::<_, _, true, 4>::new("cuda:0, cuda:1", plan)
            .options(options.min_devices(1).chunk(Chunk::Exactly(8)));
        // Whoever comes first works the only chunk.
        let mut is_lost = false;
        while !is_lost {
            let outcome = runner.run_indexed(barren(6, 8));
            let report = runner.report().expect("there was a run");
            assert_eq!(report.pulled(), 8, "{report}");
            assert_accounts(Some(report));
            is_lost = !report.lost_devices().is_empty();
            if is_lost {
                assert!(outcome.expect("all failures are tolerated").is_empty());
                assert_eq!(report.skipped(), 8, "two batches that panicked, and two items that never came");
            } else {
                outcome.expect_err("it panics for ever");
            }
        }
    });
}
