//! Batches: how many items they hold, what a failed one costs, and how long one waits for more items.

use std::fmt::Debug;
use std::iter;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use easycore::{Canceller, Chunk, ErrorKind, OnError, Options, parallel_runner};
use easycore_tests::{Fallible as Result, Merciless, PATIENCE, Refused, assert_accounts, lock, watched};

const WORKERS: [usize; 3] = [1, 2, 5];
const BATCH: usize = 8;

/// What the hooks do besides their work, and what they have noted.
#[derive(Default)]
struct Script {
    /// The batches that were worked.
    batches: Arc<Mutex<Vec<Vec<usize>>>>,
    error_at: Option<usize>,
    panic_at: Option<usize>,
    /// How many outputs are missing from each batch.
    missing: usize,
    /// How many outputs each batch has too many.
    surplus: usize,
    /// Told of every output that is consumed.
    consumed: Option<Sender<usize>>,
}

impl Script {
    fn work(&self, items: Vec<usize>) -> Result<Vec<usize>> {
        lock(&self.batches).push(items.clone());
        let has = |item: Option<usize>| item.is_some_and(|item| items.contains(&item));
        assert!(!has(self.panic_at), "a batch that panics");
        if has(self.error_at) {
            return Refused::result("a batch that fails");
        }
        let count = items.len() - self.missing.min(items.len());
        Ok(items.into_iter().take(count).chain(iter::repeat_n(0, self.surplus)).collect())
    }

    fn consume(&self, outputs: &mut Vec<usize>, output: usize) -> Result<ControlFlow<()>> {
        outputs.push(output);
        if let Some(consumed) = &self.consumed {
            consumed.send(output)?;
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// How large the batches were, the largest first.
fn sizes(batches: &Mutex<Vec<Vec<usize>>>) -> Vec<usize> {
    let mut sizes: Vec<usize> = lock(batches).drain(..).map(|batch| batch.len()).collect();
    sizes.sort_unstable_by(|one, other| other.cmp(one));
    sizes
}

#[parallel_runner(batch = 8, config = Script)]
impl Full {
    fn producer_work(cfg: &Script, items: Vec<usize>) -> Result<Vec<usize>> {
        cfg.work(items)
    }
    fn consumer_init() -> Vec<usize> {
        Vec::new()
    }
    fn consumer_work(cfg: &Script, outputs: &mut Vec<usize>, output: usize) -> Result<ControlFlow<()>> {
        cfg.consume(outputs, output)
    }
}

#[parallel_runner(unordered, batch = 8, config = Script)]
impl Merged {
    fn producer_work(cfg: &Script, items: Vec<usize>) -> Result<Vec<usize>> {
        cfg.work(items)
    }
    fn consumer_init() -> Vec<usize> {
        Vec::new()
    }
    fn consumer_work(cfg: &Script, outputs: &mut Vec<usize>, output: usize) -> Result<ControlFlow<()>> {
        cfg.consume(outputs, output)
    }
    fn consumer_merge(into: &mut Vec<usize>, from: Vec<usize>) {
        into.extend(from);
    }
}

/// Batches that go out soon.
#[parallel_runner(batch(max = 8, delay = "20ms"), config = Script)]
impl Prompt {
    fn producer_work(cfg: &Script, items: Vec<usize>) -> Result<Vec<usize>> {
        cfg.work(items)
    }
    fn consumer_init() -> Vec<usize> {
        Vec::new()
    }
    fn consumer_work(cfg: &Script, outputs: &mut Vec<usize>, output: usize) -> Result<ControlFlow<()>> {
        cfg.consume(outputs, output)
    }
}

/// Batches that wait for longer than a test may take.
#[parallel_runner(batch(max = 8, delay = "3600s"), config = Script)]
impl Patient {
    fn producer_work(cfg: &Script, items: Vec<usize>) -> Result<Vec<usize>> {
        cfg.work(items)
    }
    fn consumer_init() -> Vec<usize> {
        Vec::new()
    }
    fn consumer_work(cfg: &Script, outputs: &mut Vec<usize>, output: usize) -> Result<ControlFlow<()>> {
        cfg.consume(outputs, output)
    }
}

/// A batch that no input fills.
#[parallel_runner(batch = 18_446_744_073_709_551_615, config = Script)]
impl Everything {
    fn producer_work(cfg: &Script, items: Vec<usize>) -> Result<Vec<usize>> {
        cfg.work(items)
    }
}

fn for_each_count(name: impl Debug, case: impl Fn(usize) + Clone + Send + 'static) {
    for workers in WORKERS {
        let case = case.clone();
        watched(format!("{name:?}, {workers} workers"), move || case(workers));
    }
}

/// So many items in full batches, and the rest.
fn full_and_rest(items: usize) -> Vec<usize> {
    let rest = (!items.is_multiple_of(BATCH)).then_some(items % BATCH);
    iter::repeat_n(BATCH, items / BATCH).chain(rest).collect()
}

#[test]
fn all_batches_are_full_but_the_last() {
    for items in [0, 1, BATCH, 1_000, 1_003] {
        for_each_count(items, move |workers| {
            let script = Script::default();
            let batches = Arc::clone(&script.batches);
            let mut full = Full::new(workers, script);
            let expected: Vec<usize> = (0..items).collect();
            for _ in 0..2 {
                assert_eq!(full.run(0..items).expect("nothing fails"), expected);
                assert_eq!(sizes(&batches), full_and_rest(items));
                assert_accounts(full.report());
            }
            assert_eq!(full.try_run((0..items).map(Ok::<_, Refused>)).expect("nothing fails"), expected);
            assert_eq!(sizes(&batches), full_and_rest(items));
            assert_eq!(full.run_indexed(0..items).expect("nothing fails"), expected);
            assert_eq!(sizes(&batches), full_and_rest(items));
            let streamed: Vec<_> =
                full.stream(0..items).collect::<std::result::Result<_, _>>().expect("nothing fails");
            assert_eq!(streamed, expected);
            assert_eq!(sizes(&batches), full_and_rest(items));
        });
    }
}

#[test]
fn batches_may_be_merged() {
    for_each_count("merged", |workers| {
        let script = Script::default();
        let batches = Arc::clone(&script.batches);
        let mut outputs = Merged::new(workers, script).run(0..1_003).expect("nothing fails");
        outputs.sort_unstable();
        assert!(outputs.into_iter().eq(0..1_003));
        assert_eq!(sizes(&batches), full_and_rest(1_003));
    });
}

#[test]
fn a_batch_that_no_input_fills_takes_it_all() {
    for_each_count("everything", |workers| {
        let script = Script::default();
        let batches = Arc::clone(&script.batches);
        let mut everything = Everything::new(workers, script);
        for _ in 0..2 {
            assert!(everything.run(0..1_000).expect("nothing fails").into_iter().eq(0..1_000));
            assert_eq!(sizes(&batches), [1_000]);
        }
    });
}

#[test]
fn the_wrong_number_of_outputs_is_an_error_that_names_both_numbers_and_the_items() {
    for (missing, surplus, outputs) in [(1, 0, 7), (8, 0, 0), (0, 3, 11)] {
        for_each_count(outputs, move |workers| {
            let mut full = Full::new(workers, Script { missing, surplus, ..Script::default() });
            let error = full.run(0..20).expect_err("no batch is right");
            assert_eq!((error.kind(), error.hook()), (ErrorKind::Work, Some("producer_work")));
            assert_eq!((error.item(), error.items()), (Some(0), Some(0..8)));
            let text = error.to_string();
            assert!(
                text.contains(&format!("a batch of 8 items was turned into {outputs} outputs")),
                "{text}"
            );
            assert!(text.contains("at items 0 to 7"), "{text}");
            let report = full.report().expect("there was a run");
            assert_eq!(report.consumed(), 0);
            assert_accounts(Some(report));
        });
    }
}

/// Turns every batch into too few outputs, which panic when they are dropped.
#[parallel_runner(batch = 4, config = Arc<AtomicUsize>)]
impl TooFew {
    fn producer_work(dropped: &Arc<AtomicUsize>, items: Vec<usize>) -> Vec<Merciless> {
        items.iter().skip(1).map(|_| Merciless(Arc::clone(dropped))).collect()
    }
    fn consumer_work(_output: Merciless) {}
}

#[test]
fn the_wrong_number_of_outputs_may_panic_when_they_are_dropped() {
    watched("three of four", || {
        let dropped = Arc::new(AtomicUsize::new(0));
        let mut runner = TooFew::new(1, Arc::clone(&dropped));
        let error = runner.run(0..4).expect_err("three are too few");
        assert_eq!((error.kind(), error.is_panic(), error.items()), (ErrorKind::Work, false, Some(0..4)));
        assert!(error.to_string().contains("4 items") && error.to_string().contains("3 outputs"), "{error}");
        assert_eq!(dropped.load(Ordering::SeqCst), 3);
        assert_accounts(runner.report());
    });
}

#[test]
fn a_batch_fails_as_a_whole() {
    for at in [0, 100, 1_000] {
        for_each_count(at, move |workers| {
            let mut full = Full::new(workers, Script { error_at: Some(at), ..Script::default() });
            let mut outputs = Vec::new();
            let error = full.run_into(&mut outputs, 0..1_003).expect_err("a batch fails");
            let first = at - at % BATCH;
            assert_eq!(
                (error.kind(), error.items()),
                (ErrorKind::Work, Some(first..(first + BATCH).min(1_003)))
            );
            assert!(outputs.into_iter().eq(0..first), "all before it have been consumed, and none after it");
            assert_accounts(full.report());
        });
    }
}

#[test]
fn a_skipped_batch_lists_its_items() {
    for_each_count("skip", |workers| {
        let script = Script { error_at: Some(20), panic_at: Some(1_002), ..Script::default() };
        let on_error = OnError::skip(BATCH + 3);
        let mut full = Full::new(workers, script).options(Options::new().on_error(on_error));
        let outputs = full.run(0..1_003).expect("eleven failed items are tolerated");
        assert!(outputs.into_iter().eq((0..16).chain(24..1_000)));
        let report = full.report().expect("there was a run");
        assert_eq!((report.skipped(), report.consumed()), (BATCH + 3, 1_003 - BATCH - 3));
        let listed = report.skipped_items();
        let places: Vec<_> = listed.iter().map(|skipped| (skipped.index, skipped.count)).collect();
        assert_eq!(places, [(16, BATCH), (1_000, 3)]);
        assert!(!listed[0].error.is_panic() && listed[1].error.is_panic());
        assert_accounts(Some(report));
    });
    for_each_count("skip too little", |workers| {
        let script = Script { error_at: Some(20), ..Script::default() };
        let mut full = Full::new(workers, script).options(Options::new().on_error(OnError::skip(BATCH - 1)));
        let error = full.run(0..1_000).expect_err("eight items are more than seven");
        assert_eq!(error.items(), Some(16..24));
        let advice = "; 0 were skipped before, and with it there are more than `OnError::skip(7)` tolerates";
        assert!(error.to_string().ends_with(advice), "{error}");
        assert_accounts(full.report());
    });
}

#[test]
fn a_window_or_chunk_that_is_smaller_than_a_batch_is_an_error_of_the_start() {
    watched("windows", || {
        let full = |options| Full::new(2, Script::default()).options(options);
        for options in [Options::new().window(BATCH - 1), Options::new().chunk(Chunk::Exactly(BATCH - 1))] {
            let error = full(options.clone()).start().expect_err("no batch fits");
            assert_eq!(error.kind(), ErrorKind::Options, "{options:?}: {error}");
        }
        for options in [Options::new().window(BATCH), Options::new().chunk(Chunk::Exactly(BATCH))] {
            assert!(full(options).run(0..100).expect("a batch fits").into_iter().eq(0..100));
        }
    });
}

#[test]
fn an_err_item_closes_the_batch_before_it() {
    for_each_count("Err", |workers| {
        let script = Script::default();
        let batches = Arc::clone(&script.batches);
        let on_error = OnError::skip(1);
        let mut full = Full::new(workers, script).options(Options::new().on_error(on_error));
        let input = || (0..14).map(|item| if item == 5 { Refused::result("no item") } else { Ok(item) });
        let outputs = full.try_run(input()).expect("one failure is tolerated");
        assert!(outputs.into_iter().eq((0..5).chain(6..14)));
        let mut worked = std::mem::take(&mut *lock(&batches));
        worked.sort();
        assert_eq!(worked, [(0..5).collect::<Vec<_>>(), (6..14).collect()]);
        assert_eq!(full.report().expect("there was a run").skipped_items()[0].index, 5);

        let mut full = full.options(Options::new());
        let error = full.try_run(input()).expect_err("nothing is tolerated");
        assert_eq!((error.kind(), error.item()), (ErrorKind::Input, Some(5)));
        assert_accounts(full.report());
    });
}

/// Yields `items`, each of them only when the one before it has come out.
fn one_at_a_time(items: usize, out: Receiver<usize>) -> impl Iterator<Item = usize> + Send + 'static {
    (0..items).inspect(move |&item| {
        if item > 0 {
            let before = out.recv_timeout(PATIENCE / 3).expect("no item is held back for good");
            assert_eq!(before, item - 1);
        }
    })
}

#[test]
fn a_trickling_source_gets_each_item_through_while_it_keeps_the_next_one_waiting() {
    for_each_count("run", |workers| {
        let (consumed, out) = mpsc::channel();
        let script = Script { consumed: Some(consumed), ..Script::default() };
        let batches = Arc::clone(&script.batches);
        let mut prompt = Prompt::new(workers, script);
        let begun = Instant::now();
        assert!(prompt.run(one_at_a_time(20, out)).expect("nothing fails").into_iter().eq(0..20));
        assert!(begun.elapsed() < 20 * Duration::from_millis(500), "the delay is 20 ms for each");
        assert_eq!(sizes(&batches), [1; 20], "each was a batch of its own");
        assert_accounts(prompt.report());
    });
    for_each_count("stream", |workers| {
        let (taken, out) = mpsc::channel();
        let mut prompt = Prompt::new(workers, Script::default());
        for (expected, output) in prompt.stream(one_at_a_time(20, out)).enumerate() {
            assert_eq!(output.expect("nothing fails"), expected);
            // The source is gone after its last item.
            let _ = taken.send(expected);
        }
        assert_eq!(prompt.report().expect("there was a run").consumed(), 20);
    });
}

#[test]
fn a_fast_source_fills_its_batches_whatever_the_delay_and_the_last_waits_for_nothing() {
    for items in [1_000, 1_003, 3] {
        for_each_count(items, move |workers| {
            let script = Script::default();
            let batches = Arc::clone(&script.batches);
            let mut patient = Patient::new(workers, script);
            let expected: Vec<usize> = (0..items).collect();
            assert_eq!(patient.run(0..items).expect("nothing fails"), expected);
            assert_eq!(sizes(&batches), full_and_rest(items));
            let streamed = patient.stream(0..items).collect::<std::result::Result<Vec<_>, _>>();
            assert_eq!(streamed.expect("nothing fails"), expected);
            assert_eq!(sizes(&batches), full_and_rest(items));
            assert_eq!(patient.run_indexed(0..items).expect("nothing fails"), expected);
            assert_eq!(sizes(&batches), full_and_rest(items));
            assert_accounts(patient.report());
        });
    }
}

#[test]
fn a_delay_keeps_order_errors_and_skips() {
    for_each_count("delay", |workers| {
        let script = Script { error_at: Some(500), ..Script::default() };
        let mut patient = Patient::new(workers, script);
        let mut outputs = Vec::new();
        let error = patient.run_into(&mut outputs, 0..).expect_err("a batch fails");
        assert_eq!(error.items(), Some(496..504));
        assert!(outputs.into_iter().eq(0..496));
        assert_accounts(patient.report());

        let mut patient = patient.options(Options::new().on_error(OnError::skip(BATCH + 1)));
        let input = (0..1_000).map(|item| if item == 5 { Refused::result("no item") } else { Ok(item) });
        let outputs = patient.try_run(input).expect("nine failed items are tolerated");
        assert_eq!(outputs.len(), 1_000 - BATCH - 1);
        assert!(outputs.windows(2).all(|pair| pair[0] < pair[1]));
        assert_accounts(patient.report());
    });
}

#[test]
fn a_source_that_panics_closes_the_batch_that_waits() {
    for_each_count("panic", |workers| {
        let mut patient = Patient::new(workers, Script::default());
        let mut outputs = Vec::new();
        let input = (0..).inspect(|item| assert!(*item < 3, "no more items"));
        let error = patient.run_into(&mut outputs, input).expect_err("the source panics");
        assert_eq!((error.kind(), error.is_panic(), error.item()), (ErrorKind::Input, true, Some(3)));
        assert_eq!(outputs, [0, 1, 2]);
        assert_accounts(patient.report());
    });
}

/// Yields three items, says that it is asked for the fourth, and ends when it is told to.
fn three_and_a_wait(asked: Sender<()>, go_on: Receiver<()>) -> impl Iterator<Item = usize> + Send + 'static {
    (0..3).chain(iter::from_fn(move || {
        asked.send(()).expect("somebody listens");
        go_on.recv_timeout(PATIENCE / 3).expect("somebody lets go");
        None
    }))
}

/// Runs `meanwhile` while a batch of three waits and the source keeps its thread, and lets the source go on then.
fn while_a_batch_waits<R>(
    canceller: Canceller,
    meanwhile: impl FnOnce(&Canceller) + Send + 'static,
    run: impl FnOnce(Box<dyn Iterator<Item = usize> + Send>) -> R,
) -> R {
    let (asked, is_asked) = mpsc::channel();
    let (lets_go, go_on) = mpsc::channel();
    let helper = thread::spawn(move || {
        is_asked.recv_timeout(PATIENCE / 3).expect("three items are pulled ahead");
        meanwhile(&canceller);
        lets_go.send(()).expect("the source waits");
    });
    let result = run(Box::new(three_and_a_wait(asked, go_on)));
    helper.join().expect("nothing fails");
    result
}

#[test]
fn a_batch_that_waits_is_discarded_by_a_cancel() {
    for_each_count("cancel", |workers| {
        let script = Script::default();
        let batches = Arc::clone(&script.batches);
        let mut patient = Patient::new(workers, script);
        let canceller = patient.canceller();
        let error = while_a_batch_waits(canceller, Canceller::cancel, |input| patient.run(input))
            .expect_err("it was cancelled");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert!(sizes(&batches).is_empty(), "it did not go out");
        let report = patient.report().expect("there was a run");
        assert_eq!(report.consumed(), 0);
        assert_accounts(Some(report));
        assert!(patient.run(0..20).expect("the next run works").into_iter().eq(0..20));
    });
}

#[test]
fn an_err_item_that_waits_has_failed_after_a_cancel() {
    for_each_count("cancel", |workers| {
        let mut patient = Patient::new(workers, Script::default());
        let canceller = patient.canceller();
        let error = while_a_batch_waits(canceller, Canceller::cancel, |input| {
            patient
                .try_run(input.map(|item| if item == 1 { Err(Refused("one".to_owned())) } else { Ok(item) }))
        })
        .expect_err("it was cancelled");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        let report = patient.report().expect("there was a run");
        assert_eq!((report.pulled(), report.failed(), report.discarded()), (3, 1, 2));
    });
}

#[test]
fn a_batch_that_waits_goes_out_at_a_drain_while_the_source_is_still_being_asked() {
    for_each_count("drain", |workers| {
        let (consumed, out) = mpsc::channel();
        let script = Script { consumed: Some(consumed), ..Script::default() };
        let batches = Arc::clone(&script.batches);
        let mut patient = Patient::new(workers, script);
        let drain = move |canceller: &Canceller| {
            canceller.drain();
            for expected in 0..3 {
                assert_eq!(out.recv_timeout(PATIENCE / 3), Ok(expected), "it went out");
            }
        };
        let canceller = patient.canceller();
        let outputs = while_a_batch_waits(canceller, drain, |input| patient.run(input));
        assert_eq!(outputs.expect("a drained run succeeds"), [0, 1, 2]);
        assert_eq!(sizes(&batches), [3]);
        let report = patient.report().expect("there was a run");
        assert_eq!((report.pulled(), report.consumed()), (3, 3));
    });
}

#[test]
fn a_stream_whose_batch_waits_may_be_dropped() {
    for_each_count("dropped stream", |workers| {
        let mut patient = Patient::new(workers, Script::default());
        let canceller = patient.canceller();
        let (waits, is_waiting) = mpsc::channel();
        let tell = move |_: &Canceller| waits.send(()).expect("somebody listens");
        while_a_batch_waits(canceller, tell, |input| {
            let stream = patient.stream(input);
            is_waiting.recv_timeout(PATIENCE / 3).expect("three items are pulled ahead");
            drop(stream);
        });
        let report = patient.report().expect("there was a run");
        assert_eq!((report.pulled(), report.discarded()), (3, 3), "nobody took an output");
        assert!(patient.run(0..20).expect("the next run works").into_iter().eq(0..20));
    });
}
