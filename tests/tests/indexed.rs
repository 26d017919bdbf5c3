//! Input that can be split: the same order, window, errors and accounts as for an iterator, and each item dropped once.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use easycore::{Chunk, ErrorKind, OnError, Options, parallel_runner};
use easycore_tests::{Fallible as Result, Merciless, Refused, assert_accounts, lock, watched};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

const WORKERS: [usize; 4] = [1, 2, 3, 64];
const ITEMS: usize = 1_003;
const PLACES: [usize; 3] = [0, ITEMS / 2, ITEMS - 1];

/// Counts its drops in its own place.
struct Counted {
    index: usize,
    drops: Arc<Vec<AtomicUsize>>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.drops[self.index].fetch_add(1, Ordering::SeqCst);
    }
}

fn counted() -> (Vec<Counted>, Arc<Vec<AtomicUsize>>) {
    let drops: Arc<Vec<AtomicUsize>> = Arc::new((0..ITEMS).map(|_| AtomicUsize::new(0)).collect());
    let items = (0..ITEMS).map(|index| Counted { index, drops: Arc::clone(&drops) }).collect();
    (items, drops)
}

fn assert_dropped_once(drops: &[AtomicUsize], case: &str) {
    for (index, drops) in drops.iter().enumerate() {
        assert_eq!(drops.load(Ordering::SeqCst), 1, "drops of item {index}, {case}");
    }
}

/// What goes wrong, and where.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    None,
    Error(usize),
    Panic(usize),
    Consumer(usize),
    Break(usize),
}

#[parallel_runner(config = Trouble)]
impl Pass {
    fn producer_work(cfg: &Trouble, item: Counted) -> Result<Counted> {
        match *cfg {
            Trouble::Error(at) if at == item.index => Refused::result("an item that fails"),
            Trouble::Panic(at) if at == item.index => panic!("an item that panics"),
            _ => Ok(item),
        }
    }
    fn consumer_init() -> Vec<usize> {
        Vec::new()
    }
    fn consumer_work(cfg: &Trouble, indices: &mut Vec<usize>, item: Counted) -> Result<ControlFlow<()>> {
        match *cfg {
            Trouble::Consumer(at) if at == item.index => return Refused::result("an output that fails"),
            Trouble::Break(at) if at == item.index => return Ok(ControlFlow::Break(())),
            _ => indices.push(item.index),
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Passes numbers on, the early ones late.
#[parallel_runner]
impl Slow {
    fn producer_work(item: usize) -> usize {
        if item.is_multiple_of(97) {
            thread::sleep(Duration::from_millis(1));
        }
        item
    }
}

#[parallel_runner(unordered)]
impl Sum {
    fn producer_work(item: usize) -> usize {
        item
    }
    fn consumer_init() -> usize {
        0
    }
    fn consumer_work(sum: &mut usize, item: usize) {
        *sum += item;
    }
    fn consumer_merge(into: &mut usize, from: usize) {
        *into += from;
    }
}

#[parallel_runner]
impl<'a> Lengths<'a> {
    fn producer_work(word: &'a String) -> (&'a str, usize) {
        (word, word.len())
    }
}

fn for_each_count(name: &str, case: impl Fn(usize) + Clone + Send + 'static) {
    for workers in WORKERS {
        let case = case.clone();
        watched(format!("{name}, {workers} workers"), move || case(workers));
    }
}

#[test]
fn ranges_vectors_and_adapters_keep_their_order() {
    for_each_count("kinds", |workers| {
        let mut slow = Slow::new(workers);
        let expected: Vec<usize> = (0..ITEMS).collect();
        assert_eq!(slow.run_indexed(0..ITEMS).expect("nothing fails"), expected);
        assert_eq!(slow.run_indexed(expected.clone()).expect("nothing fails"), expected);
        assert_eq!(slow.run_indexed(expected.par_iter().copied()).expect("nothing fails"), expected);
        let pairs = (0..ITEMS).into_par_iter().enumerate().map(|(index, item)| {
            assert_eq!(index, item);
            item
        });
        assert_eq!(slow.run_indexed(pairs).expect("nothing fails"), expected);
        assert_eq!(slow.run_indexed([7; 3]).expect("nothing fails"), [7; 3]);
        assert_eq!(slow.run_indexed(0..0).expect("nothing fails"), [0; 0]);
        let report = slow.report().expect("there was a run");
        assert_eq!(report.pulled(), 0);
    });
}

#[test]
fn every_size_of_chunks_takes_every_item_once() {
    for_each_count("chunks", |workers| {
        for options in [
            Options::new().chunk(Chunk::Exactly(1)),
            Options::new().chunk(Chunk::Exactly(7)),
            Options::new().chunk(Chunk::Exactly(ITEMS + 1)),
            Options::new().window(1),
        ] {
            let mut slow = Slow::new(workers).options(options);
            assert!(slow.run_indexed(0..ITEMS).expect("nothing fails").into_iter().eq(0..ITEMS));
            let report = slow.report().expect("there was a run");
            assert_eq!((report.pulled(), report.consumed()), (ITEMS, ITEMS));
        }
    });
}

#[test]
fn a_slice_is_borrowed() {
    for_each_count("slices", |workers| {
        let words: Vec<String> = (0..ITEMS).map(|word| format!("word {word}")).collect();
        let mut lengths = Lengths::new(workers);
        for part in [&words[..], &words[1..], &words[..1], &words[3..3]] {
            let outputs = lengths.run_indexed(part).expect("nothing fails");
            assert!(outputs.iter().zip(part).all(|((word, length), expected)| {
                std::ptr::eq(*word, expected.as_str()) && *length == expected.len()
            }));
            assert_eq!(outputs.len(), part.len());
        }
    });
}

#[test]
fn each_item_of_a_vector_is_dropped_once_whatever_happens() {
    let troubles = PLACES
        .into_iter()
        .flat_map(|at| [Trouble::Error(at), Trouble::Panic(at), Trouble::Consumer(at), Trouble::Break(at)]);
    for trouble in troubles.chain([Trouble::None]) {
        for_each_count(&format!("{trouble:?}"), move |workers| {
            let (items, drops) = counted();
            let mut pass = Pass::new(workers, trouble).options(Options::new().window(64));
            let mut indices = Vec::new();
            let outcome = pass.run_indexed(items).map(|all| indices = all);
            assert_dropped_once(&drops, &format!("{trouble:?}"));
            assert_accounts(pass.report());
            let report = pass.report().expect("there was a run");
            match trouble {
                Trouble::None => assert!(indices.into_iter().eq(0..ITEMS)),
                Trouble::Break(at) => {
                    assert!(outcome.is_ok() && indices.into_iter().eq(0..at));
                    assert_eq!(report.consumed(), at + 1);
                }
                Trouble::Error(at) | Trouble::Panic(at) => {
                    let error = outcome.expect_err("an item fails");
                    assert_eq!((error.kind(), error.item()), (ErrorKind::Work, Some(at)));
                    assert_eq!((report.consumed(), report.failed()), (at, 1), "{report}");
                }
                Trouble::Consumer(at) => {
                    let error = outcome.expect_err("an output fails");
                    assert_eq!((error.kind(), error.item()), (ErrorKind::Consumer, Some(at)));
                    assert_eq!((report.consumed(), report.failed()), (at, 1), "{report}");
                }
            }
        });
    }
}

#[test]
fn each_item_is_dropped_once_when_the_run_is_cancelled_or_drained() {
    for drains in [false, true] {
        for_each_count(if drains { "drain" } else { "cancel" }, move |workers| {
            let (items, drops) = counted();
            let mut pass = Pass::new(workers, Trouble::None).options(Options::new().window(64));
            let canceller = pass.canceller();
            let input = items.into_par_iter().map(move |item| {
                if item.index == ITEMS / 2 {
                    if drains { canceller.drain() } else { canceller.cancel() }
                }
                item
            });
            let outcome = pass.run_indexed(input);
            assert_dropped_once(&drops, "a run that was ended");
            let report = pass.report().expect("there was a run");
            assert_accounts(Some(report));
            if drains {
                let indices = outcome.expect("a drained run succeeds");
                assert_eq!((report.pulled(), report.consumed()), (indices.len(), indices.len()));
                assert!(indices.len() > ITEMS / 2 && indices.into_iter().eq(0..report.pulled()));
            } else {
                assert_eq!(outcome.expect_err("it was cancelled").kind(), ErrorKind::Cancelled);
            }
        });
    }
}

#[test]
fn a_panic_of_what_is_mapped_onto_the_items_is_a_failed_item() {
    for_each_count("mapped", |workers| {
        for at in PLACES {
            let input = || {
                (0..ITEMS).into_par_iter().map(move |item| {
                    assert_ne!(item, at, "no such item");
                    item
                })
            };
            let mut slow = Slow::new(workers);
            let mut error = slow.run_indexed(input()).expect_err("an item fails");
            for _ in 0..2 {
                assert_eq!((error.kind(), error.is_panic()), (ErrorKind::Input, true));
                assert_eq!((error.item(), error.hook()), (Some(at), None), "{error}");
                assert!(error.to_string().contains("no such item"), "{error}");
                let report = slow.report().expect("there was a run");
                assert_eq!((report.consumed(), report.failed()), (at, 1), "{report}");
                assert_accounts(Some(report));
                error = slow.run_indexed(input()).expect_err("and again");
            }
            let mut slow = slow.options(Options::new().on_error(OnError::skip(1)));
            let outputs = slow.run_indexed(input()).expect("one failure is tolerated");
            assert!(outputs.into_iter().eq((0..ITEMS).filter(|item| *item != at)));
            let report = slow.report().expect("there was a run");
            let skipped = &report.skipped_items()[0];
            assert_eq!((skipped.index, skipped.error.kind()), (at, ErrorKind::Input));
            assert_accounts(Some(report));
        }
    });
}

/// Notes its batches, of which one that holds a certain item fails.
#[parallel_runner(batch = 8, config = Mutex<Vec<Vec<usize>>>)]
impl Noted {
    fn producer_work(
        noted: &Mutex<Vec<Vec<usize>>>,
        items: Vec<usize>,
    ) -> std::result::Result<Vec<usize>, Refused> {
        lock(noted).push(items.clone());
        if items.contains(&100) { Err(Refused("a hundred".to_owned())) } else { Ok(items) }
    }
}

#[test]
fn a_panic_of_what_is_mapped_onto_the_items_closes_the_batch_before_it() {
    watched("batches", || {
        let input = |bad: &'static [usize]| {
            (0..120_usize).into_par_iter().map(move |item| {
                assert!(!bad.contains(&item), "no such item");
                item
            })
        };
        let options = Options::new().chunk(Chunk::Exactly(24));
        let mut noted = Noted::new(1, Mutex::default()).options(options.clone());
        let error = noted.run_indexed(input(&[13])).expect_err("an item fails");
        assert_eq!((error.kind(), error.items()), (ErrorKind::Input, Some(13..14)));
        let report = noted.report().expect("there was a run");
        assert_eq!((report.consumed(), report.failed()), (13, 1), "{report}");
        assert_accounts(Some(report));

        // The first of a chunk, two in a row, one behind others of a batch that fails, and the last of all.
        let bad = &[0, 13, 14, 103, 119];
        let mut noted =
            Noted::new(1, Mutex::default()).options(options.on_error(OnError::skip(bad.len() + 7)));
        let outputs = noted.run_indexed(input(bad)).expect("all failures are tolerated");
        assert!(
            outputs.into_iter().eq((0..120).filter(|item| !bad.contains(item) && !(96..103).contains(item)))
        );
        let report = noted.report().expect("there was a run");
        let skipped: Vec<_> = report.skipped_items().iter().map(|item| (item.index, item.count)).collect();
        assert_eq!(skipped, [(0, 1), (13, 1), (14, 1), (96, 7), (103, 1), (119, 1)]);
        assert_accounts(Some(report));
    });
}

/// Leaves its items alone.
#[parallel_runner(batch = 4)]
impl Leaves {
    fn producer_work(items: Vec<Merciless>) -> Vec<()> {
        items.into_iter().map(std::mem::forget).collect()
    }
}

#[test]
fn items_that_wait_for_their_batch_while_the_input_panics_may_panic_when_they_are_dropped() {
    watched("merciless", || {
        for cancelled in [false, true] {
            let dropped = Arc::new(AtomicUsize::new(0));
            let made = Arc::clone(&dropped);
            let mut leaves = Leaves::new(1);
            let canceller = leaves.canceller();
            let input = (0..4_usize).into_par_iter().map(move |item| {
                if item == 2 {
                    if cancelled {
                        canceller.cancel();
                    }
                    panic!("no such item");
                }
                Merciless(Arc::clone(&made))
            });
            let error = leaves.run_indexed(input).expect_err("it panics");
            let kind = if cancelled { ErrorKind::Cancelled } else { ErrorKind::Input };
            assert_eq!(error.kind(), kind);
            assert_accounts(leaves.report());
        }
    });
}

/// Tells each output's going.
#[parallel_runner(config = Arc<AtomicUsize>)]
impl InFlight {
    fn producer_work(item: usize) -> usize {
        item
    }
    fn consumer_work(cfg: &Arc<AtomicUsize>, _item: usize) {
        cfg.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn the_window_bounds_what_is_in_flight() {
    for_each_count("window", |workers| {
        let in_flight = Arc::new(AtomicUsize::new(0));
        let most = AtomicUsize::new(0);
        let input = (0..20_000).into_par_iter().map(|item| {
            most.fetch_max(in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            item
        });
        let mut runner = InFlight::new(workers, Arc::clone(&in_flight)).options(Options::new().window(16));
        runner.run_indexed(input).expect("nothing fails");
        let most = most.into_inner();
        assert!((1..=16).contains(&most), "{most} items in flight");
        assert_eq!(in_flight.load(Ordering::SeqCst), 0);
    });
}

/// Ends early.
#[parallel_runner]
impl FirstTen {
    fn producer_work(item: u32) -> u32 {
        item
    }
    fn consumer_init() -> Vec<u32> {
        Vec::new()
    }
    fn consumer_work(items: &mut Vec<u32>, item: u32) -> ControlFlow<()> {
        items.push(item);
        if items.len() < 10 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

#[test]
fn no_more_is_claimed_than_is_needed() {
    for_each_count("a long range", |workers| {
        let mut first_ten = FirstTen::new(workers).options(Options::new().window(100));
        assert!(first_ten.run_indexed(0..u32::MAX).expect("a break is a success").into_iter().eq(0..10));
        let report = first_ten.report().expect("there was a run");
        assert!(report.pulled() < 200, "{report}");
        assert_accounts(Some(report));
    });
}

#[test]
fn what_is_split_can_be_merged() {
    for_each_count("merged", |workers| {
        let mut sum = Sum::new(workers);
        for items in [0, 1, ITEMS, 100_000] {
            assert_eq!(
                sum.run_indexed(0..items).expect("nothing fails"),
                items * items.saturating_sub(1) / 2
            );
            let report = sum.report().expect("there was a run");
            assert_eq!((report.pulled(), report.consumed()), (items, items));
        }
    });
}
