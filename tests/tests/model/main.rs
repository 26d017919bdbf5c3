//! Random runs against the loop that a user would write in their place: an ordered run does exactly what the loop does, an
//! unordered one the same up to order, as far as it can be told what that is.

mod case;
mod sequential;

use std::hash::{BuildHasher, RandomState};
use std::ops::{ControlFlow, Range};
use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use case::{Case, Consumer, Fate, Policy, any_case};
use easycore::{Canceller, ErrorKind, Report};
use easycore_tests::{
    Accounts, Ended, INJECTED, JobRunner, Plan, Refused, Shape, Way, in_shape, linger, lock,
    silence_injected_panics, watched,
};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use sequential::{End, Story, exceeds_rate, tell};

/// What the consumer panics with at an item.
#[derive(Debug)]
struct Enough(usize);

/// What a run came to.
#[derive(Debug)]
struct Run {
    story: Story,
    accounts: Accounts,
    /// How many items were turned into outputs.
    succeeded: usize,
}

fn plan(
    case: &Case,
    succeeded: &Arc<AtomicUsize>,
    seen: &Arc<Mutex<Vec<usize>>>,
    canceller: &Arc<OnceLock<Canceller>>,
) -> Plan<usize, usize> {
    let (fates, consumer) = (case.fates.0.clone(), case.consumer);
    let (succeeded, seen, canceller) = (Arc::clone(succeeded), Arc::clone(seen), Arc::clone(canceller));
    let lingers = case.lingers;
    Plan::new(move |_, item: usize| {
        linger(item, lingers);
        match fates[item] {
            Fate::WorkFails => Refused::result(INJECTED),
            Fate::WorkPanics => panic!("{INJECTED}"),
            _ => {
                succeeded.fetch_add(1, Ordering::SeqCst);
                Ok(item)
            }
        }
    })
    .consume(move |outputs, item| {
        match consumer {
            Consumer::Fails(at) if at == item => return Refused::result(INJECTED),
            Consumer::Panics(at) if at == item => panic_any(Enough(item)),
            _ => {}
        }
        lock(&seen).push(item);
        outputs.push(item);
        Ok(flow(consumer, item, &canceller))
    })
}

/// What a consumer, or whoever pulls a stream, does after an item.
fn flow(consumer: Consumer, item: usize, canceller: &OnceLock<Canceller>) -> ControlFlow<()> {
    if consumer == Consumer::Cancels(item) {
        canceller.get().expect("it is set before the first run").cancel();
    }
    if consumer == Consumer::Breaks(item) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// Runs it in earnest, twice on the same runner, which must come to the same if it is ordered.
fn run<const ORDERED: bool, const BATCH: usize, const DELAY: u64>(case: &Case) -> [Run; 2] {
    let (succeeded, seen, canceller) = (Arc::default(), Arc::default(), Arc::default());
    let plan = plan(case, &succeeded, &seen, &canceller);
    let books = plan.books();
    let mut runner =
        JobRunner::<_, _, ORDERED, BATCH, DELAY>::new(case.workers, plan).options(case.options());
    assert!(canceller.set(runner.canceller()).is_ok());
    let runs = [(); 2].map(|()| {
        lock(&seen).clear();
        succeeded.store(0, Ordering::SeqCst);
        let fates = case.fates.0.clone();
        let next = move |index: usize| match fates[index] {
            Fate::ErrItem => Refused::result(INJECTED),
            Fate::InputPanics => panic!("{INJECTED}"),
            _ => Ok(index),
        };
        let take = |item| {
            lock(&seen).push(item);
            flow(case.consumer, item, &canceller)
        };
        let ended = Ended::of(|| case.way.run(&mut runner, case.fates.0.len(), next, take));
        let consumed = lock(&seen).clone();
        if let Ended::Well(outputs) = &ended
            && case.way != Way::Stream
        {
            assert_eq!(sorted(outputs), sorted(&consumed), "the outcome is what was consumed");
        }
        let accounts = Accounts::of(runner.report().unwrap_or(&Report::default()));
        let story = Story { consumed, skipped: accounts.skipped.clone(), end: end(ended) };
        Run { story, accounts, succeeded: succeeded.load(Ordering::SeqCst) }
    });
    runner.close().expect("no producer_end fails");
    books.assert_all_ended();
    runs
}

fn end(ended: Ended<usize>) -> End {
    match ended {
        Ended::Well(_) => End::Success,
        Ended::Badly(error) => End::Failure {
            kind: error.kind(),
            items: error.items().unwrap_or_default(),
            is_panic: error.is_panic(),
        },
        Ended::Unwound(payload) => End::Unwound(payload.downcast::<Enough>().expect("the consumer's own").0),
    }
}

fn sorted(items: &[usize]) -> Vec<usize> {
    let mut items = items.to_vec();
    items.sort_unstable();
    items
}

/// What holds of every run.
fn expect_sound_accounts(case: &Case, run: &Run) {
    let Run { story, accounts, .. } = run;
    assert!(accounts.balance(), "pulled = consumed + skipped + failed + discarded: {accounts:?}");
    assert_eq!(accounts.consumed, story.consumed.len(), "what was consumed");
    let failed: usize = match &story.end {
        End::Failure { kind: ErrorKind::Input, is_panic: true, .. } if !case.way.splits() => 0,
        End::Failure { items, .. } => items.len(),
        End::Unwound(_) => 1,
        End::Success => 0,
    };
    assert!(accounts.failed >= failed, "what ended the run has failed: {accounts:?}");
    let is_whole = matches!(case.consumer, Consumer::Collects) && story.end == End::Success;
    assert!(!is_whole || accounts.pulled == case.fates.0.len(), "a whole run takes it all: {accounts:?}");
    assert!(!is_whole || accounts.failed + accounts.discarded == 0, "and loses nothing: {accounts:?}");
}

/// The items that fail one by one or together, if nothing ends the run before.
fn failing(case: &Case) -> Vec<Range<usize>> {
    let lenient = Case { policy: Policy::Skip(usize::MAX), consumer: Consumer::Collects, ..case.clone() };
    let Story { mut skipped, end, .. } = tell(&lenient);
    if let End::Failure { items, .. } = end {
        skipped.push(items);
    }
    skipped
}

fn expect_the_loop_up_to_order(case: &Case, run: &Run) {
    let Run { story, accounts, succeeded } = run;
    let failing = failing(case);
    let fails = |item: &usize| failing.iter().any(|items| items.contains(item));
    let mut consumed = sorted(&story.consumed);
    consumed.dedup();
    assert_eq!(consumed.len(), story.consumed.len(), "each once");
    assert!(!consumed.iter().any(fails), "nothing that fails is consumed");
    assert!(story.skipped.iter().all(|items| failing.contains(items)), "only what fails is skipped");
    let is_cancelled = matches!(story.end, End::Failure { kind: ErrorKind::Cancelled, .. });
    match &story.end {
        End::Success if case.consumer == Consumer::Collects => {
            let all: Vec<_> = (0..case.fates.0.len()).filter(|item| !fails(item)).collect();
            assert_eq!(consumed, all, "everything is consumed or skipped");
        }
        End::Failure { items, is_panic: false, .. }
            if items.is_empty() && matches!(case.policy, Policy::SkipPercent(..)) && !is_cancelled =>
        {
            assert!(exceeds_rate(case, consumed.len(), &story.skipped), "too many have failed, all in all");
            assert_eq!(consumed.len() + accounts.skipped(), case.fates.0.len(), "nothing is lost");
        }
        End::Failure { kind: ErrorKind::Work | ErrorKind::Input, items, .. } => {
            assert!(failing.contains(items), "what ends the run does fail");
            // A consumer that has had enough meanwhile leaves the rest.
            if case.shape == Shape::Single && case.consumer == Consumer::Collects {
                assert_eq!(consumed.len(), *succeeded, "whatever had succeeded is consumed");
            }
        }
        End::Success => {
            assert!(
                matches!(case.consumer, Consumer::Breaks(at) if consumed.contains(&at))
                    || consumed.len() + accounts.skipped() == case.fates.0.len(),
                "it ends well where it breaks or at its end"
            );
        }
        End::Failure { kind: ErrorKind::Cancelled, .. } => {
            let Consumer::Cancels(at) = case.consumer else { panic!("nobody cancels") };
            assert!(consumed.contains(&at), "it is cancelled when item {at} is consumed");
            assert!(case.way.merges() || story.consumed.last() == Some(&at), "no more is consumed");
        }
        End::Failure { kind, items, .. } => {
            assert_eq!(*kind, ErrorKind::Consumer);
            assert_eq!(case.consumer, Consumer::Fails(items.start));
        }
        End::Unwound(item) => assert_eq!(case.consumer, Consumer::Panics(*item)),
    }
    let count: usize = failing.iter().map(ExactSizeIterator::len).sum();
    if let Policy::Skip(max) = case.policy {
        assert!(accounts.skipped() <= max, "no more is skipped than may be");
        let ends_elsewhere = story.end == End::Success && matches!(case.consumer, Consumer::Breaks(_));
        assert!(count <= max || ends_elsewhere || story.end != End::Success, "too many do fail");
    }
}

fn expect_what_the_loop_does(case: &Case) {
    let runs = in_shape!(case.ordered, case.shape, run(case));
    for run in &runs {
        expect_sound_accounts(case, run);
        if case.ordered {
            assert_eq!(run.story, tell(case), "the run, and the loop");
        } else {
            expect_the_loop_up_to_order(case, run);
        }
    }
}

#[test]
fn a_run_does_what_the_sequential_loop_does() {
    silence_injected_panics::<Enough>();
    let mut config = Config { failure_persistence: None, max_shrink_time: 60_000, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 2_000;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(RandomState::new().hash_one("a seed that can be told"));
    }
    let seed = config.rng_seed;
    let outcome = TestRunner::new(config).run(&any_case(), |case| {
        let name = format!("{case:?}");
        std::panic::catch_unwind(|| watched(name, move || expect_what_the_loop_does(&case))).map_err(
            |payload| {
                let text = payload.downcast_ref::<String>().cloned();
                TestCaseError::fail(text.unwrap_or_else(|| "a panic without a text".to_owned()))
            },
        )
    });
    if let Err(fault) = outcome {
        panic!("with PROPTEST_RNG_SEED = {seed:?}: {fault}");
    }
}
