//! Merging: every worker consumes what it has made into a state of its own, and nothing of that is lost, whatever ends the
//! run.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread::{self, ThreadId};

use easycore::{Chunk, ErrorKind, FailedItem, OnError, Options, parallel_runner};
use easycore_tests::{
    Fallible as Result, JobRunner, PATIENCE, Plan, Refused, assert_accounts, lock, watched,
};

const WORKERS: [usize; 4] = [1, 2, 3, 64];
const ITEMS: usize = 1_000;
const PLACES: [usize; 3] = [0, ITEMS / 2, ITEMS - 1];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spot {
    Work,
    WorkerInit,
    Consume,
    Merge,
    End,
}

#[derive(Debug, Clone, Copy)]
enum How {
    Error,
    Panic,
}

/// What the hooks do besides their work, and what they have noted.
struct Script {
    caller: ThreadId,
    trouble: Option<(Spot, usize, How)>,
    break_at: Option<usize>,
    inits_on_workers: AtomicUsize,
    merges: AtomicUsize,
}

impl Script {
    fn new() -> Self {
        Self {
            caller: thread::current().id(),
            trouble: None,
            break_at: None,
            inits_on_workers: AtomicUsize::new(0),
            merges: AtomicUsize::new(0),
        }
    }

    fn with_trouble(spot: Spot, at: usize, how: How) -> Self {
        Self { trouble: Some((spot, at, how)), ..Self::new() }
    }

    fn is_on_caller(&self) -> bool {
        thread::current().id() == self.caller
    }

    fn pass(&self, spot: Spot, at: usize) -> Result<()> {
        match self.trouble {
            Some((bad, place, How::Error)) if bad == spot && place == at => {
                Refused::result(format!("{spot:?} {at}"))
            }
            Some((bad, place, How::Panic)) if bad == spot && place == at => panic!("{spot:?} {at}"),
            _ => Ok(()),
        }
    }
}

/// Items, and of how many states they come.
#[derive(Debug, Default)]
struct Tally {
    items: Vec<usize>,
    states: usize,
}

impl Tally {
    fn sorted(mut self) -> Vec<usize> {
        self.items.sort_unstable();
        self.items
    }
}

#[parallel_runner(unordered, config = Script)]
impl Gather {
    fn producer_work(cfg: &Script, item: usize) -> Result<usize> {
        cfg.pass(Spot::Work, item)?;
        Ok(item)
    }

    fn consumer_init(cfg: &Script) -> Result<Tally> {
        if !cfg.is_on_caller() {
            cfg.pass(Spot::WorkerInit, cfg.inits_on_workers.fetch_add(1, Ordering::SeqCst))?;
        }
        Ok(Tally { items: Vec::new(), states: 1 })
    }

    fn consumer_work(cfg: &Script, tally: &mut Tally, item: usize) -> Result<ControlFlow<()>> {
        assert!(!cfg.is_on_caller(), "consumption is up to the workers");
        cfg.pass(Spot::Consume, item)?;
        tally.items.push(item);
        Ok(if cfg.break_at.is_some_and(|at| item >= at) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    }

    fn consumer_merge(cfg: &Script, into: &mut Tally, from: Tally) -> Result<()> {
        assert!(cfg.is_on_caller(), "states are merged on the caller's thread");
        cfg.pass(Spot::Merge, cfg.merges.fetch_add(1, Ordering::SeqCst))?;
        into.items.extend(from.items);
        into.states += from.states;
        Ok(())
    }

    fn consumer_end(cfg: &Script, tally: Tally) -> Result<Tally> {
        assert!(cfg.is_on_caller(), "the run ends on the caller's thread");
        cfg.pass(Spot::End, 0)?;
        Ok(tally)
    }
}

fn for_each_count(name: &str, case: impl Fn(usize) + Clone + Send + 'static) {
    for workers in WORKERS {
        let case = case.clone();
        watched(format!("{name}, {workers} workers"), move || case(workers));
    }
}

fn all() -> Vec<usize> {
    (0..ITEMS).collect()
}

#[test]
fn every_kind_of_run_gives_what_a_sequential_one_does() {
    for_each_count("all items", |workers| {
        let mut runner = Gather::new(workers, Script::new());
        for _ in 0..3 {
            assert_eq!(runner.run(0..ITEMS).expect("nothing fails").sorted(), all());
            assert_accounts(runner.report());
        }
        let input = (0..ITEMS).map(Ok::<_, Refused>);
        assert_eq!(runner.try_run(input).expect("nothing fails").sorted(), all());
        assert_eq!(runner.run_indexed(0..ITEMS).expect("nothing fails").sorted(), all());
        let mut tally = Tally { items: vec![ITEMS], states: 0 };
        runner.run_into(&mut tally, 0..ITEMS).expect("nothing fails");
        assert_eq!(tally.sorted(), (0..=ITEMS).collect::<Vec<_>>());
        let report = runner.report().expect("there was a run");
        assert_eq!((report.pulled(), report.consumed()), (ITEMS, ITEMS));
        assert_eq!(report.workers().iter().map(|worker| worker.items).sum::<usize>(), ITEMS);
    });
}

#[test]
fn a_worker_that_gets_no_item_has_no_state() {
    for_each_count("three items", |workers| {
        let mut runner = Gather::new(workers, Script::new());
        let tally = runner.run(0..3).expect("nothing fails");
        assert!(tally.states > 1 && tally.states <= 1 + workers.min(3), "{tally:?}");
        assert_eq!(tally.sorted(), [0, 1, 2]);
        let nothing = runner.run(0..0).expect("nothing fails");
        assert_eq!((nothing.states, nothing.items.len()), (1, 0), "the caller's own state is all there is");
    });
}

#[test]
fn a_stream_hands_out_what_would_be_merged() {
    for_each_count("stream", |workers| {
        let mut runner = Gather::new(workers, Script::new());
        let mut items: Vec<usize> =
            runner.stream(0..ITEMS).collect::<std::result::Result<_, _>>().expect("nothing fails");
        items.sort_unstable();
        assert_eq!(items, all());
    });
}

/// After an error everything that was consumed is in the caller's state, and the runner works again.
fn fails_into_a_state(workers: usize, spot: Spot, at: usize, kind: ErrorKind, hook: &str) {
    let mut runner = Gather::new(workers, Script::with_trouble(spot, at, How::Error));
    let mut tally = Tally::default();
    let error = runner.run_into(&mut tally, 0..ITEMS).expect_err("a hook fails");
    assert_eq!((error.kind(), error.hook()), (kind, Some(hook)), "{error}");
    let report = runner.report().expect("there was a run");
    assert_accounts(Some(report));
    if spot != Spot::Merge {
        let consumed = report.consumed();
        let items = tally.sorted();
        assert_eq!(items.len(), consumed, "what was consumed is there: {error}");
        assert!(items.windows(2).all(|pair| pair[0] < pair[1]), "no item twice");
    }
    if matches!(spot, Spot::Work | Spot::Consume) {
        assert_eq!((error.item(), report.failed()), (Some(at), 1), "{error}");
        assert!(error.worker().is_some_and(|worker| worker < workers), "{error}");
    }
    // What the script resents is over for the hooks that count.
    if matches!(spot, Spot::WorkerInit | Spot::Merge) {
        assert_eq!(runner.run(0..ITEMS).expect("the trouble is over").sorted(), all());
    } else {
        assert_eq!(runner.run(ITEMS..2 * ITEMS).expect("no such item").items.len(), ITEMS);
    }
}

#[test]
fn an_error_of_any_hook_at_any_place_keeps_what_was_consumed() {
    for_each_count("errors", |workers| {
        for at in PLACES {
            fails_into_a_state(workers, Spot::Work, at, ErrorKind::Work, "producer_work");
            fails_into_a_state(workers, Spot::Consume, at, ErrorKind::Consumer, "consumer_work");
        }
        fails_into_a_state(workers, Spot::WorkerInit, 0, ErrorKind::Consumer, "consumer_init");
        fails_into_a_state(workers, Spot::Merge, 0, ErrorKind::Consumer, "consumer_merge");
    });
}

#[test]
fn an_error_of_consumer_end_is_the_error_of_the_run() {
    for_each_count("end", |workers| {
        let mut runner = Gather::new(workers, Script::with_trouble(Spot::End, 0, How::Error));
        let error = runner.run(0..ITEMS).expect_err("the last hook fails");
        assert_eq!((error.kind(), error.hook()), (ErrorKind::Consumer, Some("consumer_end")));
    });
}

#[test]
fn a_panic_of_a_consumer_hook_goes_through_the_run_wherever_it_happens() {
    for_each_count("panics", |workers| {
        let consumes = PLACES.map(|at| (Spot::Consume, at));
        for (spot, at) in
            consumes.into_iter().chain([(Spot::WorkerInit, 0), (Spot::Merge, 0), (Spot::End, 0)])
        {
            let mut runner = Gather::new(workers, Script::with_trouble(spot, at, How::Panic));
            let payload = catch_unwind(AssertUnwindSafe(|| runner.run(0..ITEMS))).expect_err("a hook panics");
            let message = payload.downcast_ref::<String>().expect("it has a message");
            assert_eq!(*message, format!("{spot:?} {at}"));
            assert_accounts(runner.report());
            let report = runner.report().expect("there was a run");
            assert_eq!(report.failed(), usize::from(spot == Spot::Consume), "{spot:?}: {report}");
            if matches!(spot, Spot::WorkerInit | Spot::Merge) {
                assert_eq!(runner.run(0..ITEMS).expect("the trouble is over").sorted(), all());
            }
        }
    });
}

#[test]
fn a_panic_of_producer_work_is_the_error_of_its_item() {
    for_each_count("panics of work", |workers| {
        for at in PLACES {
            let mut runner = Gather::new(workers, Script::with_trouble(Spot::Work, at, How::Panic));
            let mut tally = Tally::default();
            let error = runner.run_into(&mut tally, 0..ITEMS).expect_err("an item fails");
            assert_eq!((error.kind(), error.is_panic(), error.item()), (ErrorKind::Work, true, Some(at)));
            let report = runner.report().expect("there was a run");
            assert_accounts(Some(report));
            assert_eq!(report.consumed(), tally.items.len());
            assert!(!tally.items.contains(&at));
        }
    });
}

#[test]
fn skipped_items_are_left_out_of_the_states() {
    for how in [How::Error, How::Panic] {
        for_each_count("skip", move |workers| {
            for at in PLACES {
                let mut runner = Gather::new(workers, Script::with_trouble(Spot::Work, at, how))
                    .options(Options::new().on_error(OnError::skip(1)));
                let items = runner.run(0..ITEMS).expect("one failure is tolerated").sorted();
                assert!(items.into_iter().eq((0..ITEMS).filter(|item| *item != at)));
                let report = runner.report().expect("there was a run");
                assert_eq!((report.skipped(), report.consumed()), (1, ITEMS - 1));
                assert_eq!(report.skipped_items()[0].index, at);
                assert_accounts(Some(report));
            }
        });
    }
}

#[test]
fn a_break_ends_the_run_and_all_that_was_folded_is_merged() {
    for_each_count("break", |workers| {
        let mut runner = Gather::new(workers, Script { break_at: Some(5_000), ..Script::new() });
        let items = runner.run(0..).expect("a break is a success").sorted();
        let report = runner.report().expect("there was a run");
        assert_eq!(items.len(), report.consumed());
        assert!(items.windows(2).all(|pair| pair[0] < pair[1]), "no item twice");
        assert!(items.last().is_some_and(|last| *last >= 5_000));
        assert_eq!(report.failed(), 0);
        assert_accounts(Some(report));
    });
}

#[test]
fn a_cancelled_run_keeps_what_was_folded() {
    for_each_count("cancel", |workers| {
        for at in [0, 1, 5_000] {
            let mut runner = Gather::new(workers, Script::new());
            let canceller = runner.canceller();
            let mut tally = Tally::default();
            let input = (0..).inspect(|item| {
                if *item == at {
                    canceller.cancel();
                }
            });
            let error = runner.run_into(&mut tally, input).expect_err("it was cancelled");
            assert_eq!(error.kind(), ErrorKind::Cancelled);
            let report = runner.report().expect("there was a run");
            assert_eq!(tally.items.len(), report.consumed());
            assert_accounts(Some(report));
            assert_eq!(runner.run(0..ITEMS).expect("the next run works").sorted(), all());
        }
    });
}

#[test]
fn a_drained_run_merges_everything_that_was_pulled() {
    for_each_count("drain", |workers| {
        let mut runner = Gather::new(workers, Script::new());
        let canceller = runner.canceller();
        let input = (0..).inspect(move |item| {
            if *item == ITEMS {
                canceller.drain();
            }
        });
        let items = runner.run(input).expect("a drained run succeeds").sorted();
        let report = runner.report().expect("there was a run");
        assert_eq!((report.pulled(), report.consumed()), (items.len(), items.len()));
        assert!(items.into_iter().eq(0..report.pulled()), "nothing is missing");
    });
}

/// Counts borrowed words into borrowed states.
#[parallel_runner(unordered)]
impl<'a> Longest<'a> {
    fn producer_work(line: &'a str) -> Option<&'a str> {
        line.split(' ').max_by_key(|word| word.len())
    }

    fn consumer_init() -> &'a str {
        ""
    }

    fn consumer_work(longest: &mut &'a str, word: Option<&'a str>) {
        let word = word.unwrap_or_default();
        // The order is lost, so ties are broken by the words themselves.
        *longest = std::cmp::max_by_key(*longest, word, |word| (word.len(), *word));
    }

    fn consumer_merge(into: &mut &'a str, from: &'a str) {
        Self::consumer_work(into, Some(from));
    }
}

#[test]
fn states_may_borrow_from_the_caller() {
    for_each_count("borrowed", |workers| {
        let text = (0..ITEMS).map(|line| format!("a {line} word")).collect::<Vec<_>>().join("\n");
        let mut longest = Longest::new(workers);
        let word = longest.run(text.lines()).expect("nothing fails");
        assert_eq!(word, "word");
        assert!(text.as_bytes().as_ptr_range().contains(&word.as_ptr()), "it is a piece of the text");
    });
}

// In batches, because a chunk without them may end early when the consumer has waited for long.
#[parallel_runner(unordered, batch = 10)]
impl FirstOnly {
    fn producer_work(items: Vec<u32>) -> Vec<u32> {
        items
    }
    fn consumer_init() -> Vec<u32> {
        Vec::new()
    }
    fn consumer_work(seen: &mut Vec<u32>, item: u32) -> ControlFlow<()> {
        seen.push(item);
        ControlFlow::Break(())
    }
    fn consumer_merge(into: &mut Vec<u32>, from: Vec<u32>) {
        into.extend(from);
    }
}

#[test]
fn an_err_item_behind_the_one_that_breaks_does_not_fail_the_run() {
    watched("one worker, one chunk", || {
        let mut runner = FirstOnly::new(1).options(Options::new().chunk(Chunk::Exactly(10)));
        let seen = runner.try_run([Ok(1), Ok(2), Err(Refused("row".into()))]).expect("it broke before");
        assert_eq!(seen, [1]);
        let report = runner.report().expect("there was a run");
        assert_eq!((report.consumed(), report.failed(), report.discarded()), (1, 1, 1));
        assert_accounts(Some(report));
    });
}

#[test]
fn the_error_that_ends_a_run_is_not_replaced_by_a_consumer_init_that_fails_later() {
    watched("an item of one worker, then the state of the other", || {
        let (entered, has_entered) = mpsc::channel();
        let (judged, is_judged) = mpsc::channel();
        let (has_entered, is_judged) = (Mutex::new(has_entered), Mutex::new(is_judged));
        let begun = AtomicUsize::new(0);
        let plan = Plan::new(move |_, _: usize| {
            lock(&has_entered).recv_timeout(PATIENCE / 3).expect("the other worker has the other item");
            Refused::result::<usize>("the item")
        })
        .begin(move || {
            if begun.fetch_add(1, Ordering::SeqCst) < 2 {
                return Ok(()); // the caller's state and the first worker's
            }
            entered.send(()).expect("the first worker listens");
            lock(&is_judged).recv_timeout(PATIENCE / 3).expect("the first worker's item fails");
            Refused::result("the state")
        });
        let tell = move |_: &FailedItem| judged.send(()).expect("the second worker listens");
        let options = Options::new().chunk(Chunk::Exactly(1)).on_failure(tell);
        let mut runner = JobRunner::<_, _, false>::new(2, plan).options(options);
        let error = runner.merging().run(0..2).expect_err("an item fails");
        assert_eq!((error.kind(), error.hook()), (ErrorKind::Work, Some("producer_work")));
    });
}
