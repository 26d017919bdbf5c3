//! Devices that are given up: nobody works on them any more, and what they had in hand is worked or discarded elsewhere as if
//! nothing had happened to it.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use easycore::{Chunk, Device, ErrorKind, HookError, OnError, Options, Report, Worker, parallel_runner};
use easycore_tests::{JobRunner, PATIENCE, Plan, Refused, assert_accounts, lock, watched};
use rayon::iter::plumbing::{Consumer, Producer, ProducerCallback, UnindexedConsumer, bridge};
use rayon::prelude::*;

const SOUND: Device = Device::Cuda(0);
const BROKEN: Device = Device::Cuda(1);
const HOUR: Duration = Duration::from_hours(1);

/// Something that happens once, and those who wait for it.
struct Signal {
    happen: Mutex<Option<Sender<()>>>,
    happened: Mutex<Receiver<()>>,
}

impl Signal {
    fn new() -> Arc<Self> {
        let (happen, happened) = mpsc::channel();
        Arc::new(Self { happen: Mutex::new(Some(happen)), happened: Mutex::new(happened) })
    }

    fn give(&self) {
        drop(lock(&self.happen).take());
    }

    fn wait(&self) {
        assert_eq!(lock(&self.happened).recv_timeout(PATIENCE), Err(mpsc::RecvTimeoutError::Disconnected));
    }
}

fn lost(report: Option<&Report>) -> Vec<Device> {
    let report = report.expect("there was a run");
    report.lost_devices().iter().map(|lost| lost.device.clone()).collect()
}

/// Whether the broken device is lost, which no state can be made on any more.
#[derive(Clone)]
struct Loss {
    is_broken: Arc<AtomicBool>,
    is_lost: Arc<Signal>,
}

impl Loss {
    fn new() -> Self {
        Self { is_broken: Arc::default(), is_lost: Signal::new() }
    }
}

/// Breaks the broken device at its first item; the other device takes its time until that is lost.
#[parallel_runner(retries = 2, config = (Loss, Arc<AtomicUsize>))]
impl BreaksAtOnce {
    fn producer_init(worker: &Worker, (loss, _): &(Loss, Arc<AtomicUsize>)) -> Result<Worker, &'static str> {
        if *worker.device() == BROKEN && loss.is_broken.load(Ordering::SeqCst) {
            loss.is_lost.give();
            return Err("no such device any more");
        }
        Ok(worker.clone())
    }
    fn producer_work(
        (loss, attempts): &(Loss, Arc<AtomicUsize>),
        worker: &mut Worker,
        (item, fails): (usize, bool),
    ) -> Result<usize, HookError> {
        if item == 1 {
            attempts.fetch_add(1, Ordering::SeqCst);
        }
        if *worker.device() == BROKEN {
            // Whoever has nothing to do shall be waiting by now.
            (0..100).for_each(|_| thread::yield_now());
            loss.is_broken.store(true, Ordering::SeqCst);
            panic!("the device breaks at item {item}");
        }
        if item == 0 {
            loss.is_lost.wait();
        }
        if fails { Refused::result("a bad item") } else { Ok(item) }
    }
}

/// A run of two items, of which the broken device gets one, on so many workers of it. The other device waits in item 0 until
/// the broken one is lost; where that got item 0, nobody waits, and the run is as good as any other.
fn run_until_lost(broken: usize, fails: bool) -> (Result<Vec<usize>, easycore::Error>, BreaksAtOnce, usize) {
    let attempts = Arc::new(AtomicUsize::new(0));
    let mut devices = vec![SOUND];
    devices.extend(vec![BROKEN; broken]);
    let options = Options::new().min_devices(1).chunk(Chunk::Exactly(1)).window(2);
    let mut runner = BreaksAtOnce::new(devices, (Loss::new(), Arc::clone(&attempts))).options(options);
    let outcome = runner.run([(0, false), (1, fails)]);
    (outcome, runner, attempts.load(Ordering::SeqCst))
}

#[test]
fn nobody_works_on_a_device_that_was_given_up() {
    for round in 0..50 {
        watched(format!("two workers that are idle, round {round}"), || {
            let (outcome, runner, _) = run_until_lost(3, false);
            assert_eq!(outcome.expect("the other device works both"), [0, 1]);
            assert_accounts(runner.report());
        });
    }
}

#[test]
fn what_is_to_be_tried_again_is_handed_over_with_the_attempts_that_were_made() {
    for round in 0..50 {
        watched(format!("one worker on each device, round {round}"), || {
            let (outcome, runner, _) = run_until_lost(1, false);
            assert_eq!(outcome.expect("the other device works both"), [0, 1]);
            assert_accounts(runner.report());

            let (outcome, runner, attempts) = run_until_lost(1, true);
            let error = outcome.expect_err("item 1 is bad");
            assert_eq!((error.kind(), error.item()), (ErrorKind::Work, Some(1)));
            assert_eq!((error.attempts(), attempts), (3, 3), "the one on the lost device among them");
            assert_accounts(runner.report());
        });
    }
}

#[test]
fn what_a_lost_device_has_left_is_discarded_though_its_input_panicked() {
    watched("a cancel before it is worked", || {
        let is_lost = Signal::new();
        let (losing, awaited) = (Arc::clone(&is_lost), Arc::clone(&is_lost));
        let both_have_a_chunk = Signal::new();
        let plan = Plan::new(move |seat, item: usize| {
            if *seat.worker.device() == BROKEN {
                both_have_a_chunk.wait();
                panic!("the device breaks at item {item}");
            }
            both_have_a_chunk.give();
            awaited.wait();
            Ok(item)
        });
        let books = plan.books();
        let options = Options::new().on_error(OnError::skip(100)).restarts(0, HOUR).min_devices(1);
        let mut runner =
            JobRunner::<_, _, true>::new([SOUND, BROKEN], plan).options(options.chunk(Chunk::Exactly(20)));
        let canceller = runner.canceller();
        // The other device is still at its first item when what is left of the broken one's chunk is handed over.
        let input = (0..40_usize).into_par_iter().map(move |item| {
            if item % 20 == 13 {
                canceller.cancel();
                panic!("no such item as {item}");
            }
            if item % 20 == 19 {
                losing.give();
            }
            item
        });
        let error = runner.run_indexed(input).expect_err("it was cancelled");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert_eq!(runner.report().map(Report::pulled), Some(40));
        assert_accounts(runner.report());
        drop(runner);
        books.assert_all_ended();
    });
}

#[test]
fn a_panic_of_the_input_behind_a_batch_that_a_lost_device_had_in_hand_is_a_failed_item() {
    watched("batches of four", || {
        let plan = Plan::new(|seat, item: usize| {
            assert_ne!(*seat.worker.device(), BROKEN, "item {item}");
            Ok(item)
        });
        let books = plan.books();
        // It breaks at its first batch, and at the second, which the panic has cut short.
        let options = Options::new().on_error(OnError::skip(100)).restarts(1, HOUR).min_devices(1);
        let mut runner = JobRunner::<_, _, true, 4>::new([SOUND, BROKEN], plan)
            .options(options.chunk(Chunk::Exactly(8)).window(16));
        for _ in 0..50 {
            let input = (0..80_usize).into_par_iter().map(|item| {
                assert!(item % 8 != 6, "no such item");
                item
            });
            let outputs = runner.run_indexed(input).expect("one device is left");
            let report = runner.report().expect("there was a run");
            assert_eq!(outputs.len() + report.skipped(), 80);
            let bad = report.skipped_items().iter().filter(|item| item.error.kind() == ErrorKind::Input);
            let bad: Vec<_> = bad.map(|item| (item.index, item.count)).collect();
            assert!(bad.into_iter().eq((0..10).map(|chunk| (8 * chunk + 6, 1))), "{report}");
            assert_accounts(Some(report));
        }
        drop(runner);
        books.assert_all_ended();
    });
}

/// Numbers whose parts panic when they are dropped.
#[derive(Debug)]
struct SpitefulParts(std::ops::Range<usize>);

struct SpitefulPart(std::ops::Range<usize>);

impl Drop for SpitefulPart {
    fn drop(&mut self) {
        assert!(thread::panicking(), "a part that panics when it is dropped");
    }
}

impl Iterator for SpitefulPart {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for SpitefulPart {
    fn next_back(&mut self) -> Option<usize> {
        self.0.next_back()
    }
}

impl ExactSizeIterator for SpitefulPart {}

impl ParallelIterator for SpitefulParts {
    type Item = usize;

    fn drive_unindexed<C: UnindexedConsumer<usize>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }
}

impl IndexedParallelIterator for SpitefulParts {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn drive<C: Consumer<usize>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn with_producer<CB: ProducerCallback<usize>>(self, callback: CB) -> CB::Output {
        callback.callback(self)
    }
}

impl Producer for SpitefulParts {
    type Item = usize;
    type IntoIter = SpitefulPart;

    fn into_iter(self) -> SpitefulPart {
        SpitefulPart(self.0)
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let middle = self.0.start + index;
        (Self(self.0.start..middle), Self(middle..self.0.end))
    }
}

#[test]
fn a_part_of_the_input_may_panic_when_it_is_dropped_by_a_lost_device_or_was_empty() {
    watched("parts", || {
        let plan = Plan::new(|seat, item: usize| {
            assert_ne!(*seat.worker.device(), BROKEN, "item {item}");
            Ok(item)
        });
        let books = plan.books();
        let options = Options::new().on_error(OnError::skip(100)).restarts(0, HOUR).min_devices(1);
        let mut runner =
            JobRunner::<_, _, true>::new([SOUND, BROKEN], plan).options(options.chunk(Chunk::Exactly(5)));
        for _ in 0..50 {
            let outputs = runner.run_indexed(SpitefulParts(0..100)).expect("one device is left");
            let skipped = runner.report().map(Report::skipped).expect("there was a run");
            assert_eq!(outputs.len() + skipped, 100);
            assert!(runner.run_indexed(SpitefulParts(0..0)).expect("there is nothing to do").is_empty());
        }
        drop(runner);
        books.assert_all_ended();
    });
}

#[test]
fn the_first_run_does_without_a_device_that_did_not_start_and_the_next_tries_it_again() {
    watched("a device that is back after the start", || {
        let is_broken = Arc::new(AtomicBool::new(true));
        let broken = Arc::clone(&is_broken);
        let plan = Plan::new(|_, item: usize| Ok(item)).init(move |worker| {
            let fails = *worker.device() == BROKEN && broken.load(Ordering::SeqCst);
            if fails { Refused::result("no such device") } else { Ok(()) }
        });
        let options = Options::new().min_devices(1).chunk(Chunk::Exactly(1));
        let mut runner = JobRunner::<_, _, true>::new([SOUND, BROKEN], plan).options(options);
        runner.start().expect("one device is there");
        is_broken.store(false, Ordering::SeqCst);
        assert_eq!(runner.run(0..100).expect("one device is there").len(), 100);
        let report = runner.report().expect("there was a run");
        assert_eq!(report.workers()[1].items, 0, "{report}");
        assert_eq!(lost(Some(report)), [BROKEN]);
        runner.run(0..100).expect("both are there");
        assert!(lost(runner.report()).is_empty());
    });
}

/// Makes a state in which there is nothing.
#[parallel_runner(unordered)]
impl EmptyState {
    fn producer_init(_device: &Device) {}
    fn producer_work((): &mut (), item: usize) -> usize {
        let thread = thread::current();
        assert!(!thread.name().is_some_and(|name| name.contains("cuda:1")), "item {item}");
        item
    }
}

#[test]
fn a_device_whose_states_hold_nothing_is_given_up_like_any_other() {
    watched("a state of type ()", || {
        let options = Options::new().on_error(OnError::skip(usize::MAX));
        let mut runner = EmptyState::new(BROKEN).options(options.clone());
        assert_eq!(runner.run(0..1_000).expect_err("it breaks").kind(), ErrorKind::DeviceLost);
        assert_eq!(runner.report().map(Report::skipped), Some(4));

        let mut runner = EmptyState::new([SOUND, BROKEN]).options(options.min_devices(1));
        runner.run(0..10_000).expect("one device is left");
        assert!(runner.report().is_some_and(|report| report.skipped() <= 4));
    });
}

/// An error of which the first to be dropped waits until a worker of the other device has gone on, and tells whether it has.
#[derive(Debug)]
struct Slow {
    worked: Arc<AtomicUsize>,
    is_first: Arc<AtomicBool>,
    others_went_on: Sender<bool>,
}

impl fmt::Display for Slow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such device any more")
    }
}

impl std::error::Error for Slow {}

impl Drop for Slow {
    fn drop(&mut self) {
        if !self.is_first.swap(false, Ordering::SeqCst) {
            return;
        }
        // Several items later, so that it is not about what was in hand anyway.
        let goal = self.worked.load(Ordering::SeqCst) + 10;
        let given_up = Instant::now() + PATIENCE / 2;
        while self.worked.load(Ordering::SeqCst) < goal && Instant::now() < given_up {
            thread::yield_now();
        }
        let _ = self.others_went_on.send(self.worked.load(Ordering::SeqCst) >= goal);
    }
}

#[test]
fn a_second_error_of_a_lost_device_is_dropped_under_no_lock() {
    watched("two workers of a device that is lost", || {
        let worked = Arc::new(AtomicUsize::new(0));
        let (tell, told) = mpsc::channel();
        let (going_on, seen) = (Arc::clone(&worked), Arc::clone(&worked));
        let (both, starts) = (Barrier::new(2), AtomicUsize::new(0));
        let is_first = Arc::new(AtomicBool::new(true));
        let plan = Plan::new(move |seat, item: usize| {
            if *seat.worker.device() == BROKEN {
                both.wait();
                panic!("item {item}");
            }
            going_on.fetch_add(1, Ordering::SeqCst);
            Ok(item)
        })
        .init(move |worker| {
            if *worker.device() != BROKEN || starts.fetch_add(1, Ordering::SeqCst) < 2 {
                return Ok(());
            }
            let (worked, is_first) = (Arc::clone(&seen), Arc::clone(&is_first));
            Err(Box::new(Slow { worked, is_first, others_went_on: tell.clone() }))
        });
        let options = Options::new().on_error(OnError::skip(2)).min_devices(1).chunk(Chunk::Exactly(2));
        let mut runner = JobRunner::<_, _, true>::new([SOUND, BROKEN, BROKEN], plan).options(options);
        let canceller = runner.canceller();
        let (answer, answered) = mpsc::channel();
        // Endless, as long as nobody has told.
        let input = (0..).inspect(move |_| {
            if let Ok(went_on) = told.try_recv() {
                let _ = answer.send(went_on);
                canceller.drain();
            }
        });
        runner.run(input).expect("one device is left");
        assert_eq!(lost(runner.report()), [BROKEN]);
        assert_eq!(answered.recv_timeout(PATIENCE), Ok(true), "everybody waits for the drop of an error");
    });
}
