//! What each combination must come to.

use std::error::Error as _;
use std::ops::Range;

use easycore::{Device, Error, ErrorKind, Panic};
use easycore_tests::{Ended, INJECTED, Refused, Shape, Way};

use crate::case::{Case, How, ITEMS, Position};
use crate::trial::{Observed, Payload};

/// What an error tells of its fault.
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    pub(crate) hook: Option<&'static str>,
    pub(crate) how: How,
}

/// What holds of every run, whatever became of it.
pub(crate) fn expect_sound(case: Case, run: &Observed) {
    let accounts = &run.accounts;
    assert!(accounts.balance(), "{case}: pulled = consumed + skipped + failed + discarded: {run:?}");
    assert_eq!(accounts.consumed, run.seen.len(), "{case}: what was consumed: {run:?}");
    assert!(accounts.pulled <= ITEMS, "{case}: {run:?}");
    let mut sorted = run.seen.clone();
    sorted.sort_unstable();
    if case.ordered {
        assert_eq!(run.seen, sorted, "{case}: the order: {run:?}");
    }
    sorted.dedup();
    assert_eq!(sorted.len(), run.seen.len(), "{case}: each once: {run:?}");
    assert!(sorted.last().is_none_or(|last| *last < ITEMS), "{case}: {run:?}");
    if case.ordered {
        let reached = run.seen.len() + accounts.skipped();
        let all = (0..reached).filter(|index| !accounts.skipped.iter().any(|items| items.contains(index)));
        assert!(run.seen.iter().copied().eq(all), "{case}: everything before the end: {run:?}");
    }
}

/// A success that has consumed everything but `skipped`.
pub(crate) fn expect_all_but(case: Case, run: &Observed, skipped: &Range<usize>) {
    let Ended::Well(outputs) = &run.ended else { panic!("{case}: it should succeed: {run:?}") };
    let mut seen = run.seen.clone();
    seen.sort_unstable();
    let all = || (0..ITEMS).filter(|item| !skipped.contains(item));
    assert!(seen.iter().copied().eq(all()), "{case}: {run:?}");
    assert_eq!((run.accounts.failed, run.accounts.discarded), (0, 0), "{case}: {run:?}");
    let is_stream = outputs.is_empty() && case.way == Way::Stream;
    if case.ordered {
        assert!(is_stream || *outputs == run.seen, "{case}: {run:?}");
    } else {
        let mut outputs = outputs.clone();
        outputs.sort_unstable();
        assert!(is_stream || outputs == seen, "{case}: {run:?}");
    }
}

/// What every error tells: where and what it was, with the user's own error as its source. It is on a worker if that is
/// known to be `worker`'s doing.
pub(crate) fn assert_error(case: Case, error: &Error, fault: &Fault, items: Option<Range<usize>>) {
    let told = (error.kind(), error.hook(), error.is_panic(), error.items());
    let expected = (fault.kind, fault.hook, fault.how == How::Panic, items.clone());
    assert_eq!(told, expected, "{case}: {error}");
    assert_eq!(error.item(), items.map(|items| items.start), "{case}: {error}");
    let is_on_worker =
        fault.hook.is_some_and(|hook| hook.starts_with("producer")) || case.consumes_on_a_worker();
    if is_on_worker {
        assert_eq!(error.device(), Some(&Device::Cpu), "{case}: {error}");
        assert!(error.worker().is_some_and(|worker| worker < case.workers), "{case}: {error}");
    } else {
        assert_eq!((error.device(), error.worker()), (None, None), "{case}: {error}");
    }
    let source = error.source().unwrap_or_else(|| panic!("{case}: no source: {error}"));
    let text = match fault.how {
        How::Error => source.downcast_ref().map(|Refused(text)| text.as_str()),
        How::Panic => source.downcast_ref().map(Panic::message),
    };
    assert!(text.is_some_and(|text| text.starts_with(INJECTED)), "{case}: {source:?}");
}

/// The error of a run that failed.
fn error_of(case: Case, run: &Observed) -> &Error {
    assert!(run.struck, "{case}: the fault did not come: {run:?}");
    let Ended::Badly(error) = &run.ended else { panic!("{case}: it should fail: {run:?}") };
    error
}

/// States are kept, but for so many that saw a panic.
fn expect_kept(case: Case, run: &Observed, ended: usize) {
    assert!(run.is_active, "{case}: {run:?}");
    assert_eq!((run.made, run.living), (case.workers, case.workers - ended), "{case}: states: {run:?}");
}

/// Unordered, everything that was made is consumed; of a batch that fails halfway nobody knows how much was made.
fn expect_all_that_was_made(case: Case, run: &Observed) {
    if !case.ordered && case.shape == Shape::Single {
        assert_eq!(run.seen.len(), run.succeeded, "{case}: {run:?}");
    }
}

/// The items at fault: one, or the batch that holds it, full but for the last, or shorter where it may go out early.
fn items_at_fault(case: Case, error: &Error) -> Range<usize> {
    let items = error.items().unwrap_or_else(|| panic!("{case}: no item: {error}"));
    let first = case.item() / Shape::BATCH * Shape::BATCH;
    match case.shape {
        Shape::Single => assert_eq!(items, case.item()..case.item() + 1, "{case}: {error}"),
        Shape::Batch => assert_eq!(items, first..(first + Shape::BATCH).min(ITEMS), "{case}: {error}"),
        _ => assert!(items.contains(&case.item()) && items.len() <= Shape::BATCH, "{case}: {error}"),
    }
    items
}

/// A run that ended at `items`, which failed.
fn expect_end_at(case: Case, run: &Observed, items: &Range<usize>) {
    assert_eq!(run.accounts.failed, items.len(), "{case}: {run:?}");
    assert_eq!(run.accounts.skipped(), 0, "{case}: {run:?}");
    assert!(!run.seen.iter().any(|item| items.contains(item)), "{case}: {run:?}");
    if case.ordered {
        assert!(run.seen.iter().copied().eq(0..items.start), "{case}: everything before: {run:?}");
    }
}

pub(crate) fn producer_init(case: Case, run: &Observed) {
    let error = error_of(case, run);
    let fault = Fault { kind: ErrorKind::Init, hook: Some("producer_init"), how: case.how };
    assert_error(case, error, &fault, None);
    assert_eq!(error.worker(), Some(case.worker()), "{case}: {error}");
    assert!(!run.is_active && run.seen.is_empty(), "{case}: {run:?}");
    assert_eq!((run.made, run.living), (case.workers - 1, 0), "{case}: the others are ended: {run:?}");
    assert_eq!(run.accounts.pulled, 0, "{case}: {run:?}");
}

pub(crate) fn producer_init_again(case: Case, run: &Observed) {
    let skipped = run.accounts.skipped.clone();
    let [skipped] = &skipped[..] else { panic!("{case}: one panic is skipped: {run:?}") };
    assert!(skipped.contains(&case.item()), "{case}: {run:?}");
    if !run.struck {
        // The worker was not given another item: others were faster, or there was none.
        assert!(case.workers > 1 || case.position == Position::Last, "{case}: {run:?}");
        expect_all_but(case, run, skipped);
        return expect_kept(case, run, 1);
    }
    let fault = Fault { kind: ErrorKind::Init, hook: Some("producer_init"), how: case.how };
    assert_error(case, error_of(case, run), &fault, None);
    assert_eq!(run.accounts.failed, 0, "{case}: no item is to blame: {run:?}");
    expect_kept(case, run, 1);
    expect_all_that_was_made(case, run);
}

pub(crate) fn producer_work(case: Case, run: &Observed) {
    let error = error_of(case, run);
    let items = items_at_fault(case, error);
    let fault = Fault { kind: ErrorKind::Work, hook: Some("producer_work"), how: case.how };
    assert_error(case, error, &fault, Some(items.clone()));
    expect_end_at(case, run, &items);
    expect_kept(case, run, usize::from(case.how == How::Panic));
    expect_all_that_was_made(case, run);
}

pub(crate) fn producer_end(case: Case, run: &Observed) {
    assert!(!run.struck, "{case}: no state is ended before the close: {run:?}");
    expect_all_but(case, run, &(0..0));
    expect_kept(case, run, 0);
}

pub(crate) fn producer_end_early(case: Case, run: &Observed) {
    let error = error_of(case, run);
    let items = items_at_fault(case, error);
    let fault = Fault { kind: ErrorKind::Work, hook: Some("producer_work"), how: How::Panic };
    assert_error(case, error, &fault, Some(items.clone()));
    expect_end_at(case, run, &items);
    expect_kept(case, run, 1);
    expect_all_that_was_made(case, run);
}

/// A consumer hook's error, or its panic with its own payload.
fn expect_consumer_fault(case: Case, run: &Observed, hook: &'static str, items: Option<Range<usize>>) {
    expect_kept(case, run, 0);
    match &run.ended {
        Ended::Unwound(payload) if case.how == How::Panic => {
            assert_eq!(
                payload.downcast_ref(),
                Some(&Payload(case.place)),
                "{case}: its own payload: {run:?}"
            );
        }
        _ => {
            let fault = Fault { kind: ErrorKind::Consumer, hook: Some(hook), how: How::Error };
            assert_error(case, error_of(case, run), &fault, items);
        }
    }
}

pub(crate) fn consumer_init(case: Case, run: &Observed) {
    expect_consumer_fault(case, run, "consumer_init", None);
    assert_eq!(run.accounts.failed, 0, "{case}: no item is to blame: {run:?}");
    if case.position == Position::First {
        assert_eq!(run.accounts.pulled, 0, "{case}: nothing is pulled: {run:?}");
    } else {
        expect_all_that_was_made(case, run);
    }
}

pub(crate) fn consumer_work(case: Case, run: &Observed) {
    let items = case.item()..case.item() + 1;
    expect_consumer_fault(case, run, "consumer_work", Some(items.clone()));
    expect_end_at(case, run, &items);
}

/// Everything was consumed before the fault.
fn expect_everything_consumed(case: Case, run: &Observed) {
    assert_eq!((run.seen.len(), run.accounts.pulled), (ITEMS, ITEMS), "{case}: {run:?}");
}

pub(crate) fn consumer_merge(case: Case, run: &Observed) {
    expect_consumer_fault(case, run, "consumer_merge", None);
    expect_everything_consumed(case, run);
}

pub(crate) fn consumer_end(case: Case, run: &Observed) {
    expect_consumer_fault(case, run, "consumer_end", None);
    expect_everything_consumed(case, run);
}

pub(crate) fn input(case: Case, run: &Observed) {
    let error = error_of(case, run);
    let fault = Fault { kind: ErrorKind::Input, hook: None, how: case.how };
    if case.how == How::Panic && !case.way.splits() {
        assert_error(case, error, &fault, Some(case.item()..case.item() + 1));
        expect_end_at(case, run, &(case.item()..case.item()));
        assert_eq!(run.accounts.pulled, case.item(), "{case}: what never came is not pulled: {run:?}");
    } else {
        let items = case.item()..case.item() + 1;
        assert_error(case, error, &fault, Some(items.clone()));
        expect_end_at(case, run, &items);
    }
    expect_kept(case, run, 0);
    expect_all_that_was_made(case, run);
}
