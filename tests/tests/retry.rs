//! Retries: what fails is tried again in its place, so often and no more, while it is wanted.

use std::collections::HashMap;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock, mpsc};
use std::time::Duration;

use easycore::{
    Canceller, Chunk, ErrorKind, Hooks, OnError, Options, Order, Report, Runner, Worker, parallel_runner,
};
use easycore_tests::{
    Books, Fallible as Result, Job, Merciless, PATIENCE, Plan, Refused, Seat, assert_accounts, lock, watched,
};

const WORKERS: [usize; 3] = [1, 2, 8];
const RETRIES: usize = 2;

/// The hooks of a plan, which are tried again.
#[derive(Debug)]
struct Stubborn<T, const ORDERED: bool>(PhantomData<fn(T)>);

impl<T: Copied, const ORDERED: bool> Hooks for Stubborn<T, ORDERED> {
    const NAME: &'static str = "stubborn";
    const ORDER: Order = if ORDERED { Order::Ordered } else { Order::Unordered };
    const RETRIES: usize = RETRIES;
    type Config = Plan<T, T>;
    type Item = T;
    type Output = T;
    type ProducerState = Seat;
    type ConsumerState = Vec<T>;
    type Outcome = Vec<T>;

    fn producer_init(worker: &Worker, plan: &Plan<T, T>) -> Result<Seat> {
        Job::<T, T, ORDERED>::producer_init(worker, plan)
    }
    fn producer_work(plan: &Plan<T, T>, seat: &mut Seat, item: T) -> Result<T> {
        Job::<T, T, ORDERED>::producer_work(plan, seat, item)
    }
    fn copy_item(item: &T) -> Option<T> {
        item.copied()
    }
    fn producer_end(plan: &Plan<T, T>, seat: Seat) -> Result<()> {
        Job::<T, T, ORDERED>::producer_end(plan, seat)
    }
    fn consumer_init(plan: &Plan<T, T>) -> Result<Vec<T>> {
        Job::<T, T, ORDERED>::consumer_init(plan)
    }
    fn consumer_work(plan: &Plan<T, T>, outputs: &mut Vec<T>, output: T) -> Result<ControlFlow<()>> {
        Job::<T, T, ORDERED>::consumer_work(plan, outputs, output)
    }
    fn consumer_end(plan: &Plan<T, T>, outputs: Vec<T>) -> Result<Vec<T>> {
        Job::<T, T, ORDERED>::consumer_end(plan, outputs)
    }
}

/// An item of a test.
trait Copied: Sized + Send + 'static {
    fn copied(&self) -> Option<Self>;
}

impl Copied for usize {
    fn copied(&self) -> Option<usize> {
        Some(*self)
    }
}

type StubbornRunner<T, const ORDERED: bool> = Runner<Stubborn<T, ORDERED>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Error,
    Panic,
}

/// Counts the attempts at each item.
#[derive(Debug, Clone, Default)]
struct Attempts(Arc<Mutex<HashMap<usize, usize>>>);

impl Attempts {
    /// Notes one more, and returns how many there were before.
    fn note(&self, item: usize) -> usize {
        let mut attempts = lock(&self.0);
        let made = attempts.entry(item).or_default();
        *made += 1;
        *made - 1
    }

    fn at(&self, item: usize) -> usize {
        lock(&self.0).get(&item).copied().unwrap_or_default()
    }

    fn all(&self) -> usize {
        lock(&self.0).values().sum()
    }
}

/// Fails in the first so many attempts at every multiple of ten.
fn tens_fail(failures: usize, how: How) -> (Plan<usize, usize>, Attempts) {
    let attempts = Attempts::default();
    let noted = attempts.clone();
    let plan = Plan::new(move |_, item: usize| {
        let fails = noted.note(item) < failures && item.is_multiple_of(10);
        assert!(!fails || how == How::Error, "item {item}");
        if fails { Refused::result(format!("item {item}")) } else { Ok(item) }
    });
    (plan, attempts)
}

fn for_each_case(check: fn(bool, usize, How)) {
    for workers in WORKERS {
        for ordered in [true, false] {
            for how in [How::Error, How::Panic] {
                let name = format!("ordered: {ordered}, {workers} workers, {how:?}");
                watched(name, move || check(ordered, workers, how));
            }
        }
    }
}

/// Calls a check in the order that is only known at run time.
macro_rules! in_order {
    ($check:ident) => {
        |ordered, workers, how| {
            if ordered { $check::<true>(workers, how) } else { $check::<false>(workers, how) }
        }
    };
}

fn sorted_unless<const ORDERED: bool>(mut outputs: Vec<usize>) -> Vec<usize> {
    if !ORDERED {
        outputs.sort_unstable();
    }
    outputs
}

fn report<H: Hooks>(runner: &Runner<H>) -> &Report {
    assert_accounts(runner.report());
    runner.report().expect("there was a run")
}

fn close<H: Hooks>(mut runner: Runner<H>, books: &Books) {
    runner.close().expect("nothing fails");
    books.assert_all_ended();
}

fn recovers<const ORDERED: bool>(workers: usize, how: How) {
    let (plan, attempts) = tens_fail(RETRIES, how);
    let books = plan.books();
    let mut runner = StubbornRunner::<_, ORDERED>::new(workers, plan);
    let outputs = runner.run(0..300).expect("the last attempt succeeds");
    assert!(sorted_unless::<ORDERED>(outputs).into_iter().eq(0..300));
    let report = report(&runner);
    assert_eq!((report.consumed(), report.skipped(), report.failed()), (300, 0, 0));
    assert_eq!((report.retries(), attempts.all()), (30 * RETRIES, 300 + 30 * RETRIES));
    assert!(report.to_string().contains("; 60 retries; "), "{report}");
    let anew = if how == How::Panic { 30 * RETRIES } else { 0 };
    assert_eq!(books.made(), workers + anew, "a state is made anew for the attempt after a panic");

    assert_eq!(runner.run(1..10).expect("nothing fails").len(), 9);
    let report = self::report(&runner);
    assert_eq!(report.retries(), 0, "a report is of the last run");
    assert!(!report.to_string().contains("retries"), "{report}");
    close(runner, &books);
}

#[test]
fn an_item_that_recovers_is_an_output_in_its_place() {
    for_each_case(in_order!(recovers));
}

fn gives_up<const ORDERED: bool>(workers: usize, how: How) {
    let (plan, attempts) = tens_fail(usize::MAX, how);
    let books = plan.books();
    let mut runner = StubbornRunner::<_, ORDERED>::new(workers, plan);
    let mut outputs = Vec::new();
    let error = runner.run_into(&mut outputs, 1..300).expect_err("item 10 fails");
    let item = error.item().expect("an item fails") + 1;
    assert_eq!((error.kind(), error.attempts(), error.is_panic()), (ErrorKind::Work, 3, how == How::Panic));
    assert!(error.to_string().contains(" after 3 attempts: item "), "{error}");
    assert_eq!(attempts.at(item), 3);
    if ORDERED {
        assert_eq!((item, outputs), (10, (1..10).collect()));
    }
    assert!(report(&runner).failed() >= 1);
    close(runner, &books);
}

#[test]
fn an_item_that_fails_every_time_ends_the_run_with_the_number_of_attempts() {
    for_each_case(in_order!(gives_up));
}

fn skips<const ORDERED: bool>(workers: usize, how: How) {
    let (plan, attempts) = tens_fail(usize::MAX, how);
    let books = plan.books();
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    let options = Options::new().on_error(OnError::skip(30)).on_failure(move |failed| {
        assert_eq!(failed.attempts, 1 + RETRIES);
        count.fetch_add(1, Ordering::SeqCst);
    });
    let mut runner = StubbornRunner::<_, ORDERED>::new(workers, plan).options(options);
    let outputs = runner.run(0..300).expect("30 failures are tolerated");
    assert!(sorted_unless::<ORDERED>(outputs).into_iter().eq((0..300).filter(|item| item % 10 != 0)));
    let report = report(&runner);
    assert_eq!((report.skipped(), report.retries()), (30, 30 * RETRIES));
    assert!(report.skipped_items().iter().all(|failed| failed.attempts == 3 && failed.error.attempts() == 3));
    assert_eq!(told.load(Ordering::SeqCst), 30, "once for each, not for each attempt");
    assert_eq!(attempts.all(), 270 + 30 * 3);
    close(runner, &books);
}

#[test]
fn an_item_that_fails_every_time_is_skipped_once() {
    for_each_case(in_order!(skips));
}

#[test]
fn attempts_at_an_item_that_recovers_do_not_cost_its_device() {
    watched("no restart is allowed", || {
        let (plan, attempts) = tens_fail(RETRIES, How::Panic);
        let options = Options::new().restarts(0, Duration::from_mins(1));
        let mut runner = StubbornRunner::<_, true>::new(1, plan).options(options);
        assert!(runner.run(0..30).expect("the last attempt succeeds").into_iter().eq(0..30));
        assert_eq!(attempts.at(20), 1 + RETRIES);
    });
}

fn streams<const ORDERED: bool>(workers: usize, how: How) {
    let (plan, _) = tens_fail(1, how);
    let books = plan.books();
    let mut runner = StubbornRunner::<_, ORDERED>::new(workers, plan);
    let outputs = runner.stream(0..300).map(|output| output.expect("the second attempt succeeds")).collect();
    assert!(sorted_unless::<ORDERED>(outputs).into_iter().eq(0..300));
    assert_eq!(report(&runner).retries(), 30);
    close(runner, &books);
}

#[test]
fn items_of_a_stream_are_tried_again() {
    for_each_case(in_order!(streams));
}

fn is_cancelled<const ORDERED: bool>(workers: usize, how: How) {
    let handle: Arc<OnceLock<Canceller>> = Arc::default();
    let cancels = Arc::clone(&handle);
    let attempts = Attempts::default();
    let noted = attempts.clone();
    let plan = Plan::new(move |_, item: usize| {
        noted.note(item);
        if item != 5 {
            return Ok(item);
        }
        cancels.get().expect("it is set before the run").cancel();
        assert!(how == How::Error, "five");
        Refused::result("five")
    });
    let books = plan.books();
    let mut runner = StubbornRunner::<_, ORDERED>::new(workers, plan);
    handle.set(runner.canceller()).expect("it is set once");
    assert_eq!(runner.run(0..).expect_err("it is cancelled").kind(), ErrorKind::Cancelled);
    assert_eq!((attempts.at(5), report(&runner).retries(), report(&runner).failed()), (1, 0, 1));
    close(runner, &books);
}

#[test]
fn a_cancelled_run_tries_nothing_again() {
    for_each_case(in_order!(is_cancelled));
}

#[test]
fn a_run_that_is_cancelled_while_a_state_is_made_anew_tries_nothing_again() {
    watched("one worker", || {
        let handle: Arc<OnceLock<Canceller>> = Arc::default();
        let cancels = Arc::clone(&handle);
        let (plan, attempts) = tens_fail(usize::MAX, How::Panic);
        let books = plan.books();
        let inits = AtomicUsize::new(0);
        let plan = plan.init(move |_| {
            if inits.fetch_add(1, Ordering::SeqCst) > 0 {
                cancels.get().expect("it is set before the run").cancel();
            }
            Ok(())
        });
        let mut runner = StubbornRunner::<_, true>::new(1, plan);
        handle.set(runner.canceller()).expect("it is set once");
        assert_eq!(runner.run(0..).expect_err("it is cancelled").kind(), ErrorKind::Cancelled);
        assert_eq!((attempts.at(0), report(&runner).retries(), report(&runner).failed()), (1, 0, 1));
        close(runner, &books);
    });
}

#[test]
fn a_run_that_is_drained_tries_again_what_it_has_pulled() {
    for workers in WORKERS {
        watched(format!("{workers} workers"), move || {
            let handle: Arc<OnceLock<Canceller>> = Arc::default();
            let drains = Arc::clone(&handle);
            let attempts = Attempts::default();
            let plan = Plan::new(move |_, item: usize| {
                if item != 5 || attempts.note(item) > 0 {
                    return Ok(item);
                }
                drains.get().expect("it is set before the run").drain();
                Refused::result("five")
            });
            let mut runner = StubbornRunner::<_, true>::new(workers, plan);
            handle.set(runner.canceller()).expect("it is set once");
            let outputs = runner.run(0..).expect("a drained run succeeds");
            assert_eq!(outputs[5], 5);
            assert_eq!((report(&runner).retries(), report(&runner).failed()), (1, 0));
        });
    }
}

fn ends_elsewhere<const ORDERED: bool>() {
    watched(format!("ordered: {ORDERED}"), || {
        let (tell, told) = mpsc::channel();
        let told = Mutex::new(told);
        let attempts = Attempts::default();
        let noted = attempts.clone();
        let both_at_work = Barrier::new(2);
        let plan = Plan::new(move |_, item: usize| {
            if noted.note(item) == 0 {
                both_at_work.wait();
            }
            if item == 1 {
                lock(&told).recv_timeout(PATIENCE)?;
            }
            Refused::result::<usize>(format!("item {item}"))
        });
        let options = Options::new().chunk(Chunk::Exactly(1)).window(2).on_failure(move |failed| {
            // The other worker may have gone by the second time.
            let _ = tell.send(failed.index);
        });
        let mut runner = StubbornRunner::<_, ORDERED>::new(2, plan).options(options);
        assert_eq!(runner.run(0..2).expect_err("both fail").item(), Some(0));
        assert_eq!((attempts.at(0), attempts.at(1)), (3, 1));
        assert_eq!((report(&runner).failed(), report(&runner).retries()), (2, 2));
    });
}

#[test]
fn an_item_that_the_run_has_no_use_for_is_not_tried_again() {
    ends_elsewhere::<true>();
    ends_elsewhere::<false>();
}

#[test]
fn an_item_whose_state_cannot_be_made_anew_has_failed() {
    for (policy, kind, skipped) in
        [(OnError::stop(), ErrorKind::Work, 0), (OnError::skip(1), ErrorKind::Init, 1)]
    {
        watched(format!("{policy:?}"), move || {
            let (plan, attempts) = tens_fail(usize::MAX, How::Panic);
            let started = AtomicBool::new(false);
            let plan = plan.init(move |_| {
                if started.swap(true, Ordering::SeqCst) { Refused::result("no second") } else { Ok(()) }
            });
            let options = Options::new().on_error(policy).chunk(Chunk::Exactly(10));
            let mut runner = StubbornRunner::<_, true>::new(1, plan).options(options);
            let error = runner.run_indexed(0..10).expect_err("no state for another attempt");
            assert_eq!(error.kind(), kind, "{error}");
            let report = report(&runner);
            assert_eq!((report.skipped(), report.failed()), (skipped, 1 - skipped));
            assert_eq!((report.discarded(), report.retries(), attempts.at(0)), (9, 0, 1));
        });
    }
}

#[test]
fn err_items_and_what_the_consumer_fails_on_are_not_tried_again() {
    for workers in WORKERS {
        watched(format!("{workers} workers"), move || {
            let (plan, attempts) = tens_fail(0, How::Error);
            let plan = plan.consume(|_, output| {
                if output == 7 { Refused::result("seven") } else { Ok(ControlFlow::Continue(())) }
            });
            let options = Options::new().on_error(OnError::skip(1));
            let mut runner = StubbornRunner::<_, true>::new(workers, plan).options(options);
            let input = (0..20).map(|item| if item == 3 { Err(Refused("row".to_owned())) } else { Ok(item) });
            let error = runner.try_run(input).expect_err("the consumer fails");
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Consumer, 1));
            let report = report(&runner);
            assert_eq!((report.skipped_items()[0].attempts, report.retries()), (1, 0));
            assert_eq!((attempts.at(3), attempts.at(7)), (0, 1));
        });
    }
}

#[test]
fn what_is_mapped_onto_split_input_is_not_tried_again() {
    use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

    for workers in WORKERS {
        watched(format!("{workers} workers"), move || {
            let (plan, _) = tens_fail(1, How::Error);
            let mut runner = StubbornRunner::<_, true>::new(workers, plan)
                .options(Options::new().on_error(OnError::skip(1)));
            let input = (0..100_usize).into_par_iter().map(|item| {
                assert_ne!(item, 33, "thirty-three");
                item
            });
            assert_eq!(runner.run_indexed(input).expect("one failure is tolerated").len(), 99);
            let report = report(&runner);
            let failed = &report.skipped_items()[0];
            assert_eq!((failed.index, failed.attempts, failed.error.kind()), (33, 1, ErrorKind::Input));
            assert_eq!(report.retries(), 10);
        });
    }
}

/// An item that counts its copies.
#[derive(Debug)]
struct Counted {
    item: usize,
    clones: Arc<AtomicUsize>,
    living: Arc<AtomicUsize>,
}

impl Counted {
    fn new(item: usize, clones: &Arc<AtomicUsize>, living: &Arc<AtomicUsize>) -> Self {
        living.fetch_add(1, Ordering::SeqCst);
        Self { item, clones: Arc::clone(clones), living: Arc::clone(living) }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.living.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Copied for Counted {
    fn copied(&self) -> Option<Self> {
        let before = self.clones.fetch_add(1, Ordering::SeqCst);
        assert!(self.item != 50 || before == usize::MAX, "fifty cannot be copied");
        (self.item != 60).then(|| Self::new(self.item, &self.clones, &self.living))
    }
}

/// A runner of counted items, of which so many fail in every attempt.
fn of_counted(failing: usize) -> (StubbornRunner<Counted, true>, Arc<Books>) {
    let plan = Plan::new(
        move |_, counted: Counted| {
            if counted.item == failing { Refused::result("this one") } else { Ok(counted) }
        },
    );
    let books = plan.books();
    (Runner::new(2, plan).options(Options::new().on_error(OnError::skip(1))), books)
}

#[test]
fn an_item_is_copied_before_each_attempt_but_the_last_and_every_copy_is_dropped() {
    watched("forty items, of which one fails", || {
        let (clones, living) = (Arc::default(), Arc::default());
        let (mut runner, _) = of_counted(7);
        let outputs = runner.run((0..40).map(|item| Counted::new(item, &clones, &living)));
        let outputs = outputs.expect("one failure is tolerated");
        assert_eq!(clones.load(Ordering::SeqCst), 39 + RETRIES);
        assert_eq!(living.load(Ordering::SeqCst), outputs.len(), "what is left are the outputs");
        assert_eq!(outputs.len(), 39);
    });
}

#[test]
fn a_panic_of_the_copy_is_a_failure_of_the_item() {
    watched("fifty cannot be copied", || {
        let (clones, living) = (Arc::default(), Arc::default());
        let (mut runner, books) = of_counted(usize::MAX);
        let outputs = runner.run((0..60).map(|item| Counted::new(item, &clones, &living)));
        assert_eq!(outputs.expect("one failure is tolerated").len(), 59);
        let report = report(&runner);
        let failed = &report.skipped_items()[0];
        let error = &failed.error;
        assert_eq!((failed.index, failed.attempts, report.retries()), (50, 1, 0));
        assert_eq!((error.kind(), error.hook()), (ErrorKind::Work, Some("producer_work")));
        assert!(error.is_panic() && error.to_string().contains("fifty"), "{error}");
        assert_eq!(living.load(Ordering::SeqCst), 0);
        close(runner, &books);
    });
}

#[test]
fn an_item_of_which_there_is_no_copy_is_not_tried_again() {
    watched("sixty has no copy", || {
        let (clones, living) = (Arc::default(), Arc::default());
        let (mut runner, _) = of_counted(60);
        let input = (55..70).map(|item| Counted::new(item, &clones, &living));
        assert_eq!(runner.run(input).expect("one failure is tolerated").len(), 14);
        let report = report(&runner);
        assert_eq!((report.skipped_items()[0].attempts, report.retries()), (1, 0));
    });
}

/// What the hooks of a batch have to go through.
#[derive(Debug, Default)]
struct Trouble {
    attempts: Attempts,
    /// How many attempts at a batch with item 99 fail, and how.
    failures: usize,
    panics: bool,
    too_short: bool,
}

impl Trouble {
    fn work(&self, mut items: Vec<usize>) -> Result<Vec<usize>> {
        if items.iter().map(|item| self.attempts.note(*item)).min() < Some(self.failures)
            && items.contains(&99)
        {
            assert!(!self.panics, "ninety-nine");
            if !self.too_short {
                return Refused::result("ninety-nine");
            }
            items.pop();
        }
        Ok(items)
    }
}

#[parallel_runner(batch = 8, retries = 2, config = Trouble)]
impl Batches {
    fn producer_work(cfg: &Trouble, items: Vec<usize>) -> Result<Vec<usize>> {
        cfg.work(items)
    }
}

#[parallel_runner(unordered, batch(max = 8, delay = "1ms"), retries = 2, config = Trouble)]
impl Prompt {
    fn producer_work(cfg: &Trouble, items: Vec<usize>) -> Result<Vec<usize>> {
        cfg.work(items)
    }
}

#[test]
fn a_batch_is_tried_again_as_a_whole() {
    for workers in WORKERS {
        for (panics, too_short) in [(false, false), (true, false), (false, true)] {
            watched(format!("{workers} workers, panics: {panics}, too short: {too_short}"), move || {
                let trouble = Trouble { failures: RETRIES, panics, too_short, ..Trouble::default() };
                let attempts = trouble.attempts.clone();
                let mut runner = Batches::new(workers, trouble);
                let outputs = runner.run(0..300).expect("the last attempt succeeds");
                assert!(outputs.into_iter().eq(0..300));
                assert_eq!(runner.report().map(Report::retries), Some(RETRIES), "one each for the batch");
                assert!((0..300).all(|item| attempts.at(item) == if item / 8 == 12 { 3 } else { 1 }));
                assert_accounts(runner.report());

                let trouble = Trouble { failures: RETRIES, panics, too_short, ..Trouble::default() };
                let mut runner = Prompt::new(workers, trouble);
                let mut outputs = runner.run(0..300).expect("the last attempt succeeds");
                outputs.sort_unstable();
                assert!(outputs.into_iter().eq(0..300));
                assert_accounts(runner.report());
            });
        }
    }
}

#[test]
fn a_batch_that_fails_every_time_has_failed_as_a_whole() {
    for workers in WORKERS {
        for panics in [false, true] {
            watched(format!("{workers} workers, panics: {panics}"), move || {
                let trouble = Trouble { failures: usize::MAX, panics, ..Trouble::default() };
                let mut runner =
                    Batches::new(workers, trouble).options(Options::new().on_error(OnError::skip(8)));
                assert_eq!(runner.run(0..300).expect("one batch is tolerated").len(), 292);
                let report = runner.report().expect("there was a run");
                let failed = &report.skipped_items()[0];
                assert_eq!((failed.index, failed.count, failed.attempts), (96, 8, 3));
                let start = "producer_work ".to_owned() + if panics { "panicked" } else { "failed" };
                let text = failed.to_string();
                assert!(text.starts_with(&(start + " at items 96 to 103 on cpu (worker ")), "{text}");
                assert!(text.ends_with(") after 3 attempts: ninety-nine"), "{text}");
                assert_accounts(Some(report));
            });
        }
    }
}

/// An item whose copy panics where it is odd.
#[derive(Debug)]
struct Brittle(usize);

impl Clone for Brittle {
    fn clone(&self) -> Self {
        assert!(self.0.is_multiple_of(2), "odd {}", self.0);
        Self(self.0)
    }
}

#[parallel_runner(batch = 4, retries = 2)]
impl BrittleBatches {
    fn producer_work(items: Vec<Brittle>) -> Vec<usize> {
        items.into_iter().map(|Brittle(item)| item).collect()
    }
}

#[test]
fn a_batch_of_which_one_item_cannot_be_copied_has_failed_as_a_whole() {
    for workers in WORKERS {
        watched(format!("{workers} workers"), move || {
            let mut runner = BrittleBatches::new(workers).options(Options::new().on_error(OnError::skip(4)));
            let numbers = [0, 2, 4, 6, 8, 10, 11, 12, 14, 16];
            let outputs = runner.run(numbers.map(Brittle)).expect("one batch is tolerated");
            assert_eq!(outputs, [0, 2, 4, 6, 14, 16]);
            let report = runner.report().expect("there was a run");
            let failed = &report.skipped_items()[0];
            assert_eq!((failed.index, failed.count, failed.attempts), (4, 4, 1));
            assert_eq!((failed.error.hook(), failed.error.is_panic()), (Some("producer_work"), true));
            assert_eq!(report.retries(), 0);
            assert_accounts(Some(report));
        });
    }
}

/// Sums up on the workers; a multiple of ten fails once.
#[parallel_runner(unordered, retries = 1, config = Attempts)]
impl Sum {
    fn producer_work(cfg: &Attempts, item: usize) -> Result<usize> {
        let fails = cfg.note(item) == 0 && item.is_multiple_of(10);
        assert!(!fails || item.is_multiple_of(20), "odd {item}");
        if fails { Refused::result(format!("even {item}")) } else { Ok(item) }
    }
    fn consumer_init() -> usize {
        0
    }
    fn consumer_work(sum: &mut usize, item: usize) -> Result<()> {
        if item == 1_005 {
            return Refused::result("a thousand and five");
        }
        *sum += item;
        Ok(())
    }
    fn consumer_merge(into: &mut usize, from: usize) {
        *into += from;
    }
}

#[test]
fn what_recovers_where_workers_consume_is_consumed_once() {
    for workers in WORKERS {
        watched(format!("{workers} workers"), move || {
            let attempts = Attempts::default();
            let mut sum = Sum::new(workers, attempts.clone());
            assert_eq!(sum.run(0..300).expect("the second attempt succeeds"), 300 * 299 / 2);
            let report = sum.report().expect("there was a run");
            assert_eq!((report.retries(), report.consumed()), (30, 300));
            assert_eq!(report.workers().iter().map(|worker| worker.retries).sum::<usize>(), 30);
            assert_accounts(Some(report));

            let error = sum.run(1_001..1_010).expect_err("consumer_work fails");
            assert_eq!((error.kind(), error.item(), attempts.at(1_005)), (ErrorKind::Consumer, Some(4), 1));
            assert_accounts(sum.report());
        });
    }
}

/// An item that tells when it is dropped.
#[derive(Debug)]
struct Telling {
    index: usize,
    dropped: mpsc::Sender<usize>,
}

impl Copied for Telling {
    fn copied(&self) -> Option<Telling> {
        Some(Telling { index: self.index, dropped: self.dropped.clone() })
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        // Nobody listens any more to what is dropped at the end.
        let _ = self.dropped.send(self.index);
    }
}

/// An item that panics when it is dropped, and may do so when it is copied.
#[derive(Debug)]
struct Touchy {
    copies: bool,
    dropped: Merciless,
}

impl Touchy {
    fn new(copies: bool, dropped: &Arc<AtomicUsize>) -> Self {
        Self { copies, dropped: Merciless(Arc::clone(dropped)) }
    }
}

impl Copied for Touchy {
    fn copied(&self) -> Option<Touchy> {
        assert!(self.copies, "it cannot be copied");
        Some(Self::new(true, &self.dropped.0))
    }
}

#[test]
fn an_item_that_cannot_be_copied_may_panic_when_it_is_dropped() {
    watched("one item", || {
        let dropped = Arc::new(AtomicUsize::new(0));
        let mut runner: StubbornRunner<Touchy, true> = Runner::new(1, Plan::new(|_, item| Ok(item)));
        let error = runner.run([Touchy::new(false, &dropped)]).expect_err("the copy panics");
        assert_eq!((error.kind(), error.is_panic(), error.item()), (ErrorKind::Work, true, Some(0)));
        assert!(error.to_string().ends_with("it cannot be copied"), "{error}");
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
        assert_accounts(runner.report());
    });
}

#[test]
fn copies_that_a_cancelled_run_has_no_use_for_may_panic_when_they_are_dropped() {
    watched("one item", || {
        let dropped = Arc::new(AtomicUsize::new(0));
        let canceller = Arc::new(OnceLock::<Canceller>::new());
        let cancels = Arc::clone(&canceller);
        let plan = Plan::new(move |_, item: Touchy| {
            std::mem::forget(item);
            cancels.get().expect("it is set").cancel();
            Refused::result("it fails, and is not tried again")
        });
        let books = plan.books();
        let mut runner: StubbornRunner<Touchy, true> = Runner::new(1, plan);
        assert!(canceller.set(runner.canceller()).is_ok());
        let error = runner.run([Touchy::new(true, &dropped)]).expect_err("it is cancelled");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert_eq!(dropped.load(Ordering::SeqCst), 1, "the copy");
        assert_accounts(runner.report());
        drop(runner);
        books.assert_all_ended();
    });
}

#[test]
fn an_item_before_the_one_that_ends_an_ordered_run_is_still_tried_again() {
    watched("item 3 fails when item 4 has ended the run", || {
        let (dropped, is_dropped) = mpsc::channel();
        let is_dropped = Mutex::new(is_dropped);
        let attempts = Attempts::default();
        let noted = attempts.clone();
        let plan = Plan::new(move |_, item: Telling| match (item.index, noted.note(item.index)) {
            (3, 0) => {
                // Item 5 is dropped with what is left of its chunk, as nothing behind item 4 is wanted.
                while lock(&is_dropped).recv_timeout(PATIENCE / 3)? != 5 {}
                Refused::result("three")
            }
            (4, _) => Refused::result("four"),
            _ => Ok(item),
        });
        let options = Options::new().chunk(Chunk::Exactly(2)).window(6);
        let mut runner = StubbornRunner::<_, true>::new(2, plan).options(options);
        // Split, as the chunks of an iterator are shorter where the consumer asks for what has been pulled.
        let items: Vec<_> = (0..6).map(|index| Telling { index, dropped: dropped.clone() }).collect();
        let error = runner.run_indexed(items).expect_err("item 4 fails");
        assert_eq!((error.item(), attempts.at(3), attempts.at(5)), (Some(4), 2, 0));
        assert_eq!(runner.report().map(Report::consumed), Some(4));
    });
}
