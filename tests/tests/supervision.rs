//! States that are made anew in time, and devices that are given up: what they leave is worked by the others.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::Duration;

use easycore::{
    Chunk, Device, Error, ErrorKind, HookError, OnError, Options, Report, Worker, parallel_runner,
};
use easycore_tests::{
    JobRunner, PATIENCE, Plan, Refused, Spiteful, assert_accounts, identity, lock, watched,
};
use rayon::prelude::*;

const BROKEN: Device = Device::Cuda(1);
const HOUR: Duration = Duration::from_hours(1);

fn tolerant() -> Options {
    Options::new().on_error(OnError::skip(usize::MAX))
}

/// Panics at every item on the broken device, and passes items on elsewhere.
fn half_broken() -> Plan<usize, usize> {
    Plan::new(|seat, item| {
        assert_ne!(*seat.worker.device(), BROKEN, "item {item}");
        Ok(item)
    })
}

fn lost(report: Option<&Report>) -> Vec<(Device, ErrorKind)> {
    let report = report.expect("there was a run");
    report.lost_devices().iter().map(|lost| (lost.device.clone(), lost.error.kind())).collect()
}

fn all(items: impl Iterator<Item = usize>) -> Vec<usize> {
    items.collect()
}

fn skipped(report: Option<&Report>) -> HashSet<usize> {
    report.expect("there was a run").skipped_items().iter().map(|item| item.index).collect()
}

#[test]
fn a_state_is_recycled_after_exactly_so_many_items() {
    for (workers, chunk) in
        [(1, Chunk::Auto), (1, Chunk::Exactly(7)), (3, Chunk::Exactly(4)), (3, Chunk::Auto)]
    {
        watched(format!("{workers} workers, {chunk:?}"), move || {
            let ages = Arc::new(Mutex::new(HashMap::new()));
            let seen = Arc::clone(&ages);
            let plan = Plan::new(move |seat, item: usize| {
                *lock(&seen).entry(seat.serial).or_insert(0) += 1;
                Ok(item)
            });
            let books = plan.books();
            let options = Options::new().recycle_after(10).chunk(chunk);
            let mut runner = JobRunner::<_, _, true>::new(workers, plan).options(options);
            for _ in 0..2 {
                assert_eq!(runner.run(0..1_005).expect("nothing fails"), all(0..1_005));
            }
            runner.close().expect("every state ends");
            books.assert_all_ended();
            let served: Vec<usize> = lock(&ages).values().copied().collect();
            assert!(served.iter().all(|&items| items <= 10), "{served:?}");
            // One that serves for less is the last of its worker.
            assert!(served.iter().filter(|&&items| items < 10).count() <= workers, "{served:?}");
            assert_eq!(served.iter().sum::<usize>(), 2_010);
        });
    }
}

#[test]
fn an_item_that_fails_counts_once_towards_the_service_of_its_state() {
    watched("failures within chunks", || {
        let plan = Plan::new(|_, item: usize| if item % 13 == 3 { Refused::result("bad") } else { Ok(item) });
        let books = plan.books();
        let options =
            Options::new().recycle_after(10).chunk(Chunk::Exactly(20)).on_error(OnError::skip(usize::MAX));
        let mut runner = JobRunner::<_, _, true>::new(1, plan).options(options);
        assert_eq!(
            runner.run(0..60).expect("failures are tolerated"),
            all((0..60).filter(|item| item % 13 != 3))
        );
        assert_eq!(books.made(), 6, "each state serves for 10 items");
    });
}

#[parallel_runner(batch = 4)]
impl RecycledBatches {
    fn producer_init(worker: &Worker) -> (Worker, usize) {
        (worker.clone(), 0)
    }
    fn producer_work((_, seen): &mut (Worker, usize), items: Vec<usize>) -> Vec<usize> {
        *seen += items.len();
        vec![*seen; items.len()]
    }
}

#[test]
fn a_batch_is_worked_whole_before_its_state_is_recycled() {
    let mut runner = RecycledBatches::new(1).options(Options::new().recycle_after(6));
    assert_eq!(runner.run(0..14).expect("nothing fails"), [4, 4, 4, 4, 8, 8, 8, 8, 4, 4, 4, 4, 6, 6]);
}

#[test]
fn a_recycled_state_that_does_not_end_well_is_told_by_close() {
    watched("one that fails to end", || {
        let plan = Plan::new(|_, item: usize| Ok(item)).end(|seat| match seat.serial {
            2..=4 => Refused::result(format!("state {}", seat.serial)),
            _ => Ok(()),
        });
        let mut runner = JobRunner::<_, _, true>::new(1, plan).options(Options::new().recycle_after(5));
        assert_eq!(runner.run(0..30).expect("the items are worked").len(), 30);
        let error = runner.close().expect_err("three states did not end well");
        assert_eq!((error.kind(), error.hook()), (ErrorKind::End, Some("producer_end")));
        assert!(error.to_string().ends_with("state 2"), "the first of them: {error}");
    });
}

#[test]
fn a_state_that_cannot_be_recycled_ends_the_run_at_the_item_that_needs_it() {
    watched("the second init fails", || {
        let inits = AtomicUsize::new(0);
        let plan =
            Plan::new(|_, item: usize| Ok(item)).init(move |_| match inits.fetch_add(1, Ordering::SeqCst) {
                0 => Ok(()),
                _ => Refused::result("out of memory"),
            });
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(1, plan).options(Options::new().recycle_after(5));
        let mut outputs = Vec::new();
        let error = runner.run_into(&mut outputs, 0..30).expect_err("no state");
        assert_eq!((error.kind(), error.device()), (ErrorKind::Init, Some(&Device::Cpu)));
        assert_eq!(outputs, [0, 1, 2, 3, 4]);
        assert_accounts(runner.report());
        drop(runner);
        books.assert_all_ended();
    });
}

fn given_up<const ORDERED: bool>(workers: usize) {
    let plan: Plan<usize, usize> = Plan::new(|_, item| panic!("item {item}"));
    let books = plan.books();
    let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan).options(tolerant());
    for run in 0..2 {
        let error = runner.run(0..100_000).expect_err("the device is broken");
        assert_eq!((error.kind(), error.device()), (ErrorKind::DeviceLost, Some(&Device::Cpu)), "{error}");
        let line = error.to_string();
        assert!(line.starts_with("the device was given up on cpu (worker "), "{line}");
        assert!(line.contains("3 restarts within 60s") && line.ends_with("`Options::min_devices`"), "{line}");
        let report = runner.report().expect("there was a run");
        assert!(report.consumed() == 0 && report.skipped() <= 4 * workers, "run {run}: {report}");
        assert_accounts(Some(report));
    }
    runner.close().expect("states end");
    books.assert_all_ended();
    // One for each worker and three more in each run; the first of the second run may replace one that broke in the first.
    assert!(books.made() <= 8 * workers, "{} states", books.made());
}

#[test]
fn a_device_that_breaks_again_and_again_is_given_up() {
    for workers in [1, 2, 8] {
        watched(format!("{workers} workers, ordered"), move || given_up::<true>(workers));
        watched(format!("{workers} workers, unordered"), move || given_up::<false>(workers));
    }
}

#[test]
fn bad_items_among_good_ones_do_not_cost_a_device() {
    watched("every other item panics", || {
        let plan = Plan::new(|_, item: usize| {
            assert!(item.is_multiple_of(2), "item {item}");
            Ok(item)
        });
        let mut runner = JobRunner::<_, _, true>::new(1, plan).options(tolerant());
        assert_eq!(runner.run(0..2_000).expect("the others are good").len(), 1_000);
    });
}

#[test]
fn restarts_are_allowed_as_often_as_the_options_say() {
    for allowed in [0, 1, 10] {
        watched(format!("{allowed} restarts"), move || {
            let plan: Plan<usize, usize> = Plan::new(|_, item| panic!("item {item}"));
            let mut runner =
                JobRunner::<_, _, true>::new(1, plan).options(tolerant().restarts(allowed, HOUR));
            runner.run(0..1_000).expect_err("the device is broken");
            assert_eq!(runner.report().expect("there was a run").skipped(), allowed + 1);
        });
    }
}

#[test]
fn a_panic_of_the_last_run_costs_the_next_no_restart() {
    for min_devices in [None, Some(1)] {
        watched(format!("min_devices: {min_devices:?}"), move || {
            let breaks = Arc::new(AtomicBool::new(true));
            let broken = Arc::clone(&breaks);
            let plan = Plan::new(move |seat, item: usize| {
                let is_broken = *seat.worker.device() == BROKEN && broken.load(Ordering::SeqCst);
                assert!(!is_broken, "item {item}");
                Ok(item)
            });
            let devices = if min_devices.is_some() { vec![Device::Cpu, BROKEN] } else { vec![BROKEN] };
            let options = tolerant().restarts(0, HOUR).chunk(Chunk::Exactly(1));
            let options = min_devices.into_iter().fold(options, Options::min_devices);
            let mut runner = JobRunner::<_, _, true>::new(devices, plan).options(options);
            // Until the broken device has had an item.
            while !matches!(runner.run(0..2), Err(error) if error.kind() == ErrorKind::DeviceLost)
                && runner.report().is_none_or(|report| report.lost_devices().is_empty())
            {}
            breaks.store(false, Ordering::SeqCst);
            assert_eq!(runner.run(0..100).expect("it works again"), all(0..100));
            assert!(lost(runner.report()).is_empty());
        });
    }
}

#[test]
fn restarts_of_long_ago_do_not_count() {
    watched("no two within a nanosecond", || {
        let plan: Plan<usize, usize> = Plan::new(|_, item| panic!("item {item}"));
        let options = tolerant().restarts(1, Duration::from_nanos(1));
        let mut runner = JobRunner::<_, _, true>::new(1, plan).options(options);
        assert!(runner.run(0..50).expect("all are tolerated").is_empty());
    });
}

#[parallel_runner]
impl Stateless {
    fn producer_work(item: usize) -> usize {
        panic!("item {item}")
    }
}

#[test]
fn workers_without_a_state_are_never_made_anew() {
    let mut runner = Stateless::new(2).options(tolerant());
    assert!(runner.run(0..100).expect("all are tolerated").is_empty());
    assert_eq!(runner.report().expect("there was a run").skipped(), 100);
}

fn spared<const ORDERED: bool>(workers_per_device: usize, chunk: Chunk) {
    let plan = half_broken();
    let books = plan.books();
    let options = tolerant().min_devices(2).workers_per_device(workers_per_device).chunk(chunk);
    let mut runner = JobRunner::<_, _, ORDERED>::new(["cuda:0", "cuda:1", "cpu"], plan).options(options);
    for _ in 0..2 {
        let mut outputs = runner.run(0..5_000).expect("two devices are left");
        if !ORDERED {
            outputs.sort_unstable();
        }
        let skipped = skipped(runner.report());
        assert!(outputs.is_sorted());
        assert_eq!(outputs, all((0..5_000).filter(|item| !skipped.contains(item))));
        assert!(skipped.len() <= 4 * workers_per_device, "{}", skipped.len());
        assert_accounts(runner.report());
        let lost = lost(runner.report());
        assert!(lost.is_empty() || lost == [(BROKEN, ErrorKind::DeviceLost)], "{lost:?}");
    }
    runner.close().expect("states end");
    books.assert_all_ended();
}

#[test]
fn a_run_goes_on_without_a_device_and_loses_nothing() {
    for workers in [1, 3] {
        for chunk in [Chunk::Auto, Chunk::Exactly(1), Chunk::Exactly(10)] {
            watched(format!("ordered, {workers} a device, {chunk:?}"), move || {
                spared::<true>(workers, chunk);
            });
            watched(format!("unordered, {workers} a device, {chunk:?}"), move || {
                spared::<false>(workers, chunk);
            });
        }
    }
}

/// The broken device gets one chunk, of which it fails the first item, when the other has nothing more to do.
fn late_handover(run: impl FnOnce(&mut JobRunner<usize, usize, true>) -> Vec<usize>) {
    let (idle, is_idle) = mpsc::channel();
    let (idle, is_idle) = (Mutex::new(idle), Mutex::new(is_idle));
    let first = AtomicUsize::new(0);
    let plan = Plan::new(move |seat, item: usize| {
        if *seat.worker.device() == BROKEN {
            if first.fetch_add(1, Ordering::SeqCst) == 0 {
                lock(&is_idle).recv_timeout(PATIENCE).expect("the other works its chunk");
            }
            panic!("item {item}");
        }
        // Both chunks have been claimed when this one is worked.
        let _ = lock(&idle).send(());
        Ok(item)
    });
    let options = tolerant().restarts(0, HOUR).min_devices(1).chunk(Chunk::Exactly(5));
    let mut runner = JobRunner::<_, _, true>::new([Device::Cuda(0), BROKEN], plan).options(options);
    let outputs = run(&mut runner);
    let skipped = skipped(runner.report());
    assert!(skipped.len() <= 1, "{skipped:?}");
    assert_eq!(outputs, all((0..10).filter(|item| !skipped.contains(item))));
    assert_accounts(runner.report());
}

#[test]
fn what_a_lost_device_leaves_at_the_end_of_the_input_is_still_worked() {
    for _ in 0..20 {
        watched("run", || late_handover(|runner| runner.run(0..10).expect("one device is left")));
        watched("run_indexed", || {
            late_handover(|runner| runner.run_indexed(0..10).expect("one device is left"));
        });
        watched("stream", || {
            late_handover(|runner| {
                runner.stream(0..10).collect::<Result<_, Error>>().expect("one device is left")
            });
        });
    }
}

#[parallel_runner(unordered, retries = 1)]
impl MergedOnBoth {
    fn producer_init(device: &Device) -> Device {
        device.clone()
    }
    fn producer_work(device: &mut Device, item: u64) -> u64 {
        assert_ne!(*device, BROKEN, "item {item}");
        item
    }
    fn consumer_init() -> u64 {
        0
    }
    fn consumer_work(sum: &mut u64, item: u64) {
        *sum += item;
    }
    fn consumer_merge(into: &mut u64, from: u64) {
        *into += from;
    }
}

#[test]
fn an_item_that_is_to_be_tried_again_is_tried_on_another_device() {
    watched("a broken device among two", || {
        let options = Options::new().min_devices(1).restarts(0, HOUR).on_error(OnError::skip(10));
        let mut runner = MergedOnBoth::new(["cuda:1", "cuda:0"]).options(options);
        for count in [10, 1_000, 100_000] {
            let sum = runner.run(0..count).expect("the other device is left");
            let skipped: u64 = skipped(runner.report()).iter().map(|&index| index as u64).sum();
            assert_eq!(sum + skipped, count * (count - 1) / 2);
            assert_accounts(runner.report());
        }
    });
}

#[test]
fn an_item_of_a_chunk_that_went_from_hand_to_hand_counts_for_the_worker_that_worked_it() {
    watched("two of three devices are lost", || {
        let made = AtomicUsize::new(0);
        // Whoever has worked two items needs another state, and the first two such workers get none.
        let plan = Plan::new(|_, item: usize| Ok(item)).init(move |_| {
            if (3..5).contains(&made.fetch_add(1, Ordering::SeqCst)) {
                return Refused::result("out of memory");
            }
            Ok(())
        });
        let options = Options::new().min_devices(1).recycle_after(2).chunk(Chunk::Exactly(6));
        let mut runner = JobRunner::<_, _, true>::new("cuda:0, cuda:1, cuda:2", plan).options(options);
        assert_eq!(runner.run_indexed(0..6).expect("one device is left"), all(0..6));
        let report = runner.report().expect("there was a run");
        assert_eq!(report.lost_devices().len(), 2);
        let items: Vec<_> = report.workers().iter().map(|worker| worker.items).collect();
        assert_eq!(items, [2, 2, 2]);
    });
}

#[test]
fn a_device_whose_states_cannot_be_made_is_spared_too() {
    watched("cuda:1 fails to start", || {
        let plan = Plan::new(|_, item: usize| Ok(item)).init(|worker| match worker.device() {
            Device::Cuda(1) => Refused::result("out of memory"),
            _ => Ok(()),
        });
        let books = plan.books();
        let options = Options::new().min_devices(1).chunk(Chunk::Exactly(1));
        let mut runner = JobRunner::<_, _, true>::new("cuda:0, cuda:1", plan).options(options);
        runner.start().expect("one device is left");
        assert_eq!(runner.run(0..1_000).expect("one device is left"), all(0..1_000));
        assert_eq!(lost(runner.report()), [(BROKEN, ErrorKind::Init)], "as the start has found out");
        for _ in 0..20 {
            assert_eq!(runner.run(0..1_000).expect("one device is left"), all(0..1_000));
            let lost = lost(runner.report());
            assert!(lost.is_empty() || lost == [(BROKEN, ErrorKind::Init)], "{lost:?}");
        }
        runner.close().expect("the states that were made end");
        books.assert_all_ended();
    });
}

#[test]
fn a_run_fails_when_fewer_devices_are_left_than_it_needs() {
    watched("two of three break", || {
        let plan: Plan<usize, usize> = Plan::new(|seat, item| {
            assert_eq!(*seat.worker.device(), Device::Cpu, "item {item}");
            Ok(item)
        });
        let books = plan.books();
        let options = tolerant().min_devices(2).chunk(Chunk::Exactly(3));
        let mut runner = JobRunner::<_, _, true>::new("cpu, cuda:0, cuda:1", plan).options(options);
        // Endless, so that every device gets its turns.
        let error = runner.run(0..).expect_err("only one device is left");
        assert_eq!(error.kind(), ErrorKind::DeviceLost);
        assert_eq!(lost(runner.report()).len(), 1, "the other's loss is the error");
        assert_accounts(runner.report());
        drop(runner);
        books.assert_all_ended();
    });
}

#[test]
fn a_cancelled_run_accounts_for_what_a_lost_device_left() {
    for _ in 0..50 {
        watched("cancel", || {
            let mut runner = JobRunner::<_, _, true>::new([Device::Cuda(0), BROKEN], half_broken())
                .options(tolerant().restarts(0, HOUR).min_devices(1).chunk(Chunk::Exactly(20)));
            let canceller = runner.canceller();
            let error = runner
                .run((0..).inspect(|&item| {
                    if item == 500 {
                        canceller.cancel();
                    }
                }))
                .expect_err("it was cancelled");
            assert_eq!(error.kind(), ErrorKind::Cancelled);
            assert_accounts(runner.report());
        });
    }
}

#[test]
fn a_lost_device_is_in_the_report_as_it_is_printed() {
    watched("a device that cannot be initialised", || {
        let plan = Plan::new(|_, item: usize| Ok(item)).init(|worker| match worker.device() {
            Device::Cuda(1) => Refused::result("out of memory"),
            _ => Ok(()),
        });
        let mut runner = JobRunner::<_, _, true>::new([BROKEN, Device::Cuda(0)], plan)
            .options(Options::new().min_devices(1).chunk(Chunk::Exactly(1)));
        assert_eq!(runner.run(0..100).expect("one device is left").len(), 100);
        let text = runner.report().expect("there was a run").to_string();
        assert!(
            text.contains("\nlost cuda:1: producer_init failed on cuda:1 (worker 0): out of memory"),
            "{text}"
        );
    });
}

#[test]
fn supervision_that_makes_no_sense_is_an_error_of_start() {
    let options = [
        (Options::new().recycle_after(0), "recycle_after is 0"),
        (Options::new().restarts(3, Duration::ZERO), "no time"),
        (Options::new().min_devices(0), "min_devices is 0"),
        (
            Options::new().min_devices(2),
            "min_devices is 2, but the runner has only 1 distinct device: lower it",
        ),
    ];
    for (options, what) in options {
        let mut runner = Stateless::new(4).options(options);
        let error = runner.start().expect_err(what);
        assert_eq!(error.kind(), ErrorKind::Options);
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn a_run_may_need_all_of_its_devices() {
    let mut runner =
        JobRunner::<_, _, true>::new("cpu, cuda:0", identity()).options(Options::new().min_devices(2));
    assert_eq!(runner.run(0..10).expect("there are two").len(), 10);
}

#[test]
fn a_panicking_iterator_among_what_is_handed_over_is_a_failed_item() {
    let poisoned = |item: usize| -> usize {
        assert!(!item.is_multiple_of(7), "item {item}");
        item
    };
    for _ in 0..20 {
        watched("run_indexed", move || {
            let options = tolerant().restarts(0, HOUR).min_devices(1).chunk(Chunk::Exactly(25));
            let mut runner =
                JobRunner::<_, _, true>::new([Device::Cuda(0), BROKEN], half_broken()).options(options);
            let outputs = runner.run_indexed((0..1_000).into_par_iter().map(poisoned)).expect("one is left");
            let skipped = skipped(runner.report());
            assert_eq!(outputs, all((0..1_000).filter(|item| !skipped.contains(item))));
            assert!(
                (143..=144).contains(&skipped.len()),
                "143 multiples of 7, and what the lost device failed"
            );
            assert_accounts(runner.report());
        });
    }
}

#[test]
fn an_error_of_a_lost_device_may_panic_when_it_is_dropped() {
    watched("spite", || {
        let dropped = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&dropped);
        let plan = Plan::new(|_, item: usize| Ok(item)).init(move |worker| {
            if *worker.device() == BROKEN {
                return Err(HookError::from(Spiteful(Arc::clone(&count))));
            }
            Ok(())
        });
        let mut runner = JobRunner::<_, _, true>::new([BROKEN, Device::Cuda(0)], plan)
            .options(Options::new().min_devices(1).chunk(Chunk::Exactly(1)));
        for _ in 0..50 {
            assert_eq!(runner.run(0..10).expect("one is left").len(), 10);
        }
        drop(runner);
        assert!(dropped.load(Ordering::SeqCst) >= 1);
    });
}

#[test]
fn a_worker_with_a_sound_state_leaves_a_device_that_another_one_broke() {
    const ITEMS: usize = 100_000;
    watched("two workers on the broken device, one of them sound", || {
        let sound = Arc::new(AtomicUsize::new(0));
        // How many items the other device has worked, and whether the broken one has shown that it is.
        let meeting = Arc::new((Mutex::new(0), Condvar::new(), AtomicBool::new(false)));
        let (working, starting, counted) = (Arc::clone(&meeting), meeting, Arc::clone(&sound));
        let inits = AtomicUsize::new(0);
        let plan = Plan::new(move |seat, item: usize| {
            let (elsewhere, moved, is_lost) = &*working;
            if *seat.worker.device() != BROKEN {
                *lock(elsewhere) += 1;
                moved.notify_all();
            } else if seat.worker.rank() == 1 {
                panic!("item {item}");
            } else if is_lost.load(Ordering::SeqCst) {
                counted.fetch_add(1, Ordering::SeqCst);
                // Slower than the others by so much that it works few items before its device is given up.
                let count = lock(elsewhere);
                let enough = (*count + 50).min(ITEMS / 2);
                drop(moved.wait_timeout_while(count, PATIENCE, |count| *count < enough));
            }
            Ok(item)
        })
        .init(move |worker| {
            if *worker.device() == BROKEN && worker.rank() == 1 && inits.fetch_add(1, Ordering::SeqCst) > 0 {
                starting.2.store(true, Ordering::SeqCst);
                return Refused::result("out of memory");
            }
            Ok(())
        });
        let options = tolerant().min_devices(1).workers_per_device(2).chunk(Chunk::Exactly(1));
        let mut runner = JobRunner::<_, _, false>::new([Device::Cuda(0), BROKEN], plan).options(options);
        runner.run(0..ITEMS).expect("one device is left");
        assert_eq!(lost(runner.report()), [(BROKEN, ErrorKind::Init)]);
        let worked = sound.load(Ordering::SeqCst);
        assert!(worked < 300, "the sound worker went on for {worked} items");
        assert_accounts(runner.report());
    });
}
