//! Reports: what a run did, exactly, on every path.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use easycore::{Device, ErrorKind, Options, Report};
use easycore_tests::{JobRunner, Plan, Refused, assert_accounts, identity, lock, watched};

#[test]
fn a_report_counts_items_by_worker_and_knows_the_time() {
    for workers in [1, 3] {
        watched(format!("{workers} workers"), move || {
            let mut runner = JobRunner::<_, _, true>::new(workers, identity());
            let begun = Instant::now();
            runner.run(0..20_000).expect("nothing fails");
            let most = begun.elapsed();
            let report = runner.report().expect("there was a run");
            let counts =
                [report.pulled(), report.consumed(), report.skipped(), report.failed(), report.discarded()];
            assert_eq!(counts, [20_000, 20_000, 0, 0, 0]);
            assert!(report.skipped_items().is_empty());
            assert!(report.elapsed() > Duration::ZERO && report.elapsed() <= most);
            assert!(report.items_per_second() > 0.0);
            let rows = report.workers();
            assert!(rows.iter().map(|row| row.index).eq(0..workers));
            assert_eq!(rows.iter().map(|row| row.items).sum::<usize>(), 20_000);
            assert!(rows.iter().any(|row| row.busy > Duration::ZERO));
            for row in rows {
                assert_eq!(row.device, Device::Cpu);
                assert!(row.busy + row.starved + row.blocked <= most);
            }
        });
    }
}

#[test]
fn a_report_shows_totals_a_row_for_each_worker_and_skipped_items() {
    watched("shown", || {
        let plan = Plan::new(|_, item: usize| if item == 7 { Refused::result("seven") } else { Ok(item) });
        let mut runner = JobRunner::<_, _, true>::new("cpu, cuda:2", plan)
            .options(Options::new().on_error(easycore::OnError::skip(1)));
        runner.run(0..10).expect("one failure is tolerated");
        let text = runner.report().expect("there was a run").to_string();
        for part in ["10 pulled", "9 consumed", "1 skipped", "cpu", "cuda:2", "item 7", "seven"] {
            assert!(text.contains(part), "{part} is missing in:\n{text}");
        }
        assert!(text.lines().count() >= 5, "totals, a head, two workers, one item:\n{text}");
    });
}

#[test]
fn busy_starved_and_blocked_tell_who_is_slow() {
    const NAP: Duration = Duration::from_millis(5);
    let nap = |whose: &'static str| {
        watched(whose, move || {
            let plan = Plan::new(move |_, item: usize| {
                if whose == "work" {
                    thread::sleep(NAP);
                }
                Ok(item)
            })
            .consume(move |_, _| {
                if whose == "consumer" {
                    thread::sleep(NAP);
                }
                Ok(std::ops::ControlFlow::Continue(()))
            });
            let mut runner = JobRunner::<_, _, true>::new(1, plan).options(Options::new().window(2));
            let input = (0..40).inspect(|_| {
                if whose == "source" {
                    thread::sleep(NAP);
                }
            });
            runner.run(input).expect("nothing fails");
            let row = &runner.report().expect("there was a run").workers()[0];
            (row.busy, row.starved, row.blocked)
        })
    };
    // 40 naps are 200 ms; half of that leaves room for all the rest.
    let long = 20 * NAP;
    let (busy, ..) = nap("work");
    assert!(busy >= long, "{busy:?}");
    let (_, starved, _) = nap("source");
    assert!(starved >= long, "{starved:?}");
    let (_, _, blocked) = nap("consumer");
    assert!(blocked >= long, "{blocked:?}");
}

#[test]
fn the_making_of_states_is_no_part_of_the_time_of_a_run() {
    watched("an init that takes a while", || {
        let made = Arc::new(Mutex::new(None));
        let last = Arc::clone(&made);
        let plan = identity().init(move |_| {
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(50) {
                thread::yield_now();
            }
            *lock(&last) = Some(Instant::now());
            Ok(())
        });
        let mut runner = JobRunner::<_, _, true>::new(1, plan);
        runner.run(0..10).expect("nothing fails");
        let since_then = lock(&made).expect("a state was made").elapsed();
        let report = runner.report().expect("there was a run");
        assert!(report.elapsed() <= since_then, "{:?} of {since_then:?}", report.elapsed());
    });
}

#[test]
fn a_report_is_of_the_last_run_whatever_became_of_it() {
    watched("runs that end in every way", || {
        let plan = Plan::new(|_, item: usize| if item == 500 { Refused::result("late") } else { Ok(item) });
        let mut runner = JobRunner::<_, _, true>::new(2, plan);
        let counts = |report: Option<&Report>| {
            assert_accounts(report);
            report.map(|report| (report.consumed(), report.failed()))
        };
        runner.run(0..100).expect("nothing fails");
        assert_eq!(counts(runner.report()), Some((100, 0)));
        runner.run(490..600).expect_err("one fails");
        assert_eq!(counts(runner.report()), Some((10, 1)));
        runner.run_into(&mut Vec::new(), 0..20).expect("nothing fails");
        assert_eq!(counts(runner.report()), Some((20, 0)));
        runner.try_run((0..30).map(Ok::<_, Refused>)).expect("nothing fails");
        assert_eq!(counts(runner.report()), Some((30, 0)));
        let outputs = runner.stream(0..40).count();
        assert_eq!((outputs, counts(runner.report())), (40, Some((40, 0))));
        let canceller = runner.canceller();
        runner.run((0..400).inspect(|_| canceller.cancel())).expect_err("it is cancelled");
        assert_eq!(counts(runner.report()), Some((0, 0)));
        runner.run([]).expect("nothing fails");
        assert_eq!(counts(runner.report()), Some((0, 0)));
        runner.run(0..5).expect("nothing fails");
        runner.close().expect("nothing fails");
        assert_eq!(counts(runner.report()), Some((5, 0)), "closing is no run");
    });
}

#[test]
fn a_run_that_did_not_get_to_its_items_has_an_empty_report_rather_than_the_last_ones() {
    watched("consumer_init fails the second time", || {
        let calls = std::sync::atomic::AtomicUsize::new(0);
        let plan = identity().begin(move || match calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            1 => Refused::result("not now"),
            2 => panic!("not now either"),
            _ => Ok(()),
        });
        let mut runner = JobRunner::<_, _, true>::new(2, plan);
        runner.run(0..10).expect("nothing fails");
        assert_eq!(runner.run(0..10).expect_err("not now").kind(), ErrorKind::Consumer);
        assert_eq!(runner.report().map(Report::pulled), Some(0));
        assert!(catch_unwind(AssertUnwindSafe(|| runner.run(0..10))).is_err());
        assert_eq!(runner.report().map(Report::pulled), Some(0));
        runner.run(0..10).expect("nothing fails");
        assert_eq!(runner.report().map(Report::pulled), Some(10));
    });
}
