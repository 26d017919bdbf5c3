//! Skipping: what `OnError` leaves out, what it does not, and what the report tells of it.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use easycore::{Chunk, Device, ErrorKind, OnError, Options, Report};
use easycore_tests::{JobRunner, Plan, Refused, assert_accounts, identity, watched};

const WORKERS: [usize; 3] = [1, 2, 8];

/// Fails at every multiple of ten: by error, or by panic where the tens are odd.
fn tens_fail() -> Plan<usize, usize> {
    Plan::new(|_, item: usize| {
        assert!(item % 20 != 10, "odd {item}");
        if item.is_multiple_of(20) { Refused::result(format!("even {item}")) } else { Ok(item) }
    })
}

fn listed(report: &Report) -> Vec<usize> {
    report.skipped_items().iter().map(|skipped| skipped.index).collect()
}

#[test]
fn skipped_items_are_left_out_in_place_and_listed_with_what_went_wrong() {
    for workers in WORKERS {
        watched(format!("{workers} workers"), move || {
            let plan = tens_fail();
            let books = plan.books();
            let mut runner = JobRunner::<_, _, true>::new(workers, plan)
                .options(Options::new().on_error(OnError::skip(30)));
            let outputs = runner.run(0..300).expect("30 failures are tolerated");
            assert!(
                outputs.into_iter().eq((0..300).filter(|item| item % 10 != 0)),
                "the others keep their order"
            );
            let report = runner.report().expect("there was a run");
            assert_eq!((report.skipped(), report.failed(), report.consumed()), (30, 0, 270));
            assert_accounts(Some(report));
            assert_eq!(listed(report), (0..300).step_by(10).collect::<Vec<_>>());
            for skipped in report.skipped_items() {
                let error = &skipped.error;
                assert_eq!((error.kind(), error.item()), (ErrorKind::Work, Some(skipped.index)));
                assert_eq!(error.is_panic(), skipped.index % 20 == 10);
                assert_eq!(error.device(), Some(&Device::Cpu));
                assert!(error.worker().is_some_and(|worker| worker < workers));
                assert!(error.source().is_some());
            }
            runner.close().expect("nothing fails");
            books.assert_all_ended();
            assert_eq!(
                books.made(),
                workers + 15 - books_saved(workers, &books),
                "a new state after each panic"
            );
        });
    }
}

/// How many states need not be made anew because no item came after the panic: at most one for each worker.
fn books_saved(workers: usize, books: &easycore_tests::Books) -> usize {
    let saved = (workers + 15).saturating_sub(books.made());
    assert!(saved <= workers, "{saved} states were not made anew");
    saved
}

#[test]
fn the_unordered_run_skips_the_same_items() {
    for workers in WORKERS {
        watched(format!("{workers} workers"), move || {
            let mut runner = JobRunner::<_, _, false>::new(workers, tens_fail())
                .options(Options::new().on_error(OnError::skip(30)));
            let outputs = runner.run(0..300).expect("30 failures are tolerated");
            let expected: BTreeSet<_> = (0..300).filter(|item| item % 10 != 0).collect();
            assert_eq!(outputs.len(), expected.len());
            assert_eq!(outputs.into_iter().collect::<BTreeSet<_>>(), expected);
            let report = runner.report().expect("there was a run");
            let skipped: BTreeSet<_> = listed(report).into_iter().collect();
            assert_eq!(skipped, (0..300).step_by(10).collect());
            assert_accounts(Some(report));
        });
    }
}

#[test]
fn in_ordered_mode_the_maximum_is_judged_in_input_order() {
    for workers in WORKERS {
        for round in 0..20 {
            watched(format!("{workers} workers, round {round}"), move || {
                let mut runner = JobRunner::<_, _, true>::new(workers, tens_fail())
                    .options(Options::new().on_error(OnError::skip(4)).chunk(Chunk::Exactly(1 + round % 3)));
                let mut outputs = Vec::new();
                let error =
                    runner.run_into(&mut outputs, 0..300).expect_err("the fifth failure is one too many");
                assert_eq!(error.item(), Some(40), "the item that exceeds the maximum is the run's error");
                assert!(outputs.into_iter().eq((0..40).filter(|item| item % 10 != 0)));
                let report = runner.report().expect("there was a run");
                assert_eq!(listed(report), [0, 10, 20, 30]);
                assert_eq!(report.skipped(), 4);
                assert!(report.failed() >= 1);
                assert_accounts(Some(report));
            });
        }
    }
}

#[test]
fn of_several_failures_in_one_chunk_each_is_judged_where_it_stands() {
    let runner = |tolerated, consumer_fails_at| {
        let plan = Plan::new(|_, item: usize| {
            if matches!(item, 3 | 6 | 7 | 12) { Refused::result(item.to_string()) } else { Ok(item) }
        })
        .consume(move |outputs, output| {
            if output == consumer_fails_at {
                return Refused::result("the consumer's");
            }
            outputs.push(output);
            Ok(ControlFlow::Continue(()))
        });
        JobRunner::<_, _, true>::new(1, plan)
            .options(Options::new().on_error(OnError::skip(tolerated)).chunk(Chunk::Exactly(20)))
    };
    for (tolerated, at, consumed) in [(1, 6, &[0, 1, 2, 4, 5][..]), (3, 12, &[0, 1, 2, 4, 5, 8, 9, 10, 11])] {
        watched(format!("{tolerated} tolerated"), move || {
            let (mut runner, mut outputs) = (runner(tolerated, usize::MAX), Vec::new());
            let error = runner.run_into(&mut outputs, 0..20).expect_err("one failure is too many");
            assert_eq!((error.kind(), error.item(), &*outputs), (ErrorKind::Work, Some(at), consumed));
            assert_accounts(runner.report());
        });
    }
    watched("the consumer fails behind skipped items", move || {
        let error = runner(4, 10).run(0..20).expect_err("the consumer fails");
        assert_eq!((error.kind(), error.item()), (ErrorKind::Consumer, Some(10)));
    });
}

#[test]
fn in_unordered_mode_the_maximum_is_a_maximum_too() {
    for workers in WORKERS {
        watched(format!("{workers} workers"), move || {
            let mut runner = JobRunner::<_, _, false>::new(workers, tens_fail())
                .options(Options::new().on_error(OnError::skip(4)));
            let error = runner.run(0..300).expect_err("the fifth failure is one too many");
            let report = runner.report().expect("there was a run");
            assert_eq!((report.skipped(), listed(report).len()), (4, 4));
            assert!(!listed(report).contains(&error.item().expect("an item failed")));
            assert_accounts(Some(report));
        });
    }
}

fn err_items<const ORDERED: bool>(workers: usize) {
    watched(format!("ordered: {ORDERED}, {workers} workers"), move || {
        let mut runner = JobRunner::<_, _, ORDERED>::new(workers, identity())
            .options(Options::new().on_error(OnError::skip(100)));
        let input =
            (0..1_000).map(|item| if item % 10 == 3 { Err(Refused(item.to_string())) } else { Ok(item) });
        let mut outputs = runner.try_run(input).expect("100 failures are tolerated");
        if !ORDERED {
            outputs.sort_unstable();
        }
        assert!(outputs.into_iter().eq((0..1_000).filter(|item| item % 10 != 3)));
        let report = runner.report().expect("there was a run");
        assert_eq!((report.pulled(), report.skipped(), report.failed()), (1_000, 100, 0));
        assert_accounts(Some(report));
        for skipped in report.skipped_items() {
            assert_eq!((skipped.error.kind(), skipped.error.item()), (ErrorKind::Input, Some(skipped.index)));
            let text = skipped.error.source().expect("the input's own error").to_string();
            assert_eq!(text, skipped.index.to_string(), "the index counts the skipped ones");
        }
    });
}

#[test]
fn err_items_of_the_input_are_skipped_like_failing_ones() {
    for workers in WORKERS {
        err_items::<true>(workers);
        err_items::<false>(workers);
    }
}

#[test]
fn an_item_after_skipped_ones_keeps_its_index() {
    watched("failing at 50 after Err items", || {
        let plan = Plan::new(|_, item: usize| if item == 50 { Refused::result("fifty") } else { Ok(item) });
        let mut runner =
            JobRunner::<_, _, true>::new(2, plan).options(Options::new().on_error(OnError::skip(5)));
        let input = (0..100).map(|item| if item < 5 { Err(Refused("early".to_owned())) } else { Ok(item) });
        let error = runner.try_run(input).expect_err("the sixth failure is one too many");
        assert_eq!((error.kind(), error.item()), (ErrorKind::Work, Some(50)));
    });
}

#[test]
fn stop_and_skip_of_none_end_at_the_first_failure() {
    for policy in [OnError::stop(), OnError::skip(0)] {
        watched(format!("{policy:?}"), move || {
            let mut runner =
                JobRunner::<_, _, true>::new(2, tens_fail()).options(Options::new().on_error(policy));
            let error = runner.run(5..100).expect_err("item 10 fails");
            assert_eq!(error.item(), Some(5), "the sixth of the input");
            assert_eq!(runner.report().map(Report::skipped), Some(0));
            assert_accounts(runner.report());
        });
    }
}

#[test]
fn stop_is_the_default() {
    assert_eq!(Options::new(), Options::new().on_error(OnError::stop()));
}

#[test]
fn a_skip_rate_tolerates_that_share_of_the_items_finished_so_far() {
    for workers in WORKERS {
        watched(format!("{workers} workers"), move || {
            let rate = |rate| Options::new().on_error(OnError::skip_rate(rate, 51));
            let mut runner = JobRunner::<_, _, true>::new(workers, tens_fail()).options(rate(0.12));
            let outputs = runner.run(0..1_000).expect("a tenth fails, and slightly more is tolerated");
            assert_eq!(outputs.len(), 900);
            assert_accounts(runner.report());

            // In input order, item 50 is the first that fails with at least 51 finished, itself among them, and the sixth.
            let mut runner = JobRunner::<_, _, true>::new(workers, tens_fail()).options(rate(0.09));
            let error = runner.run(0..1_000).expect_err("a tenth fails, and less is tolerated");
            assert_eq!(error.item(), Some(50));
            assert_eq!(runner.report().map(Report::skipped), Some(5), "before that nothing was judged");
            assert_accounts(runner.report());
        });
    }
}

#[test]
fn a_skip_rate_is_judged_at_the_end_too() {
    for workers in WORKERS {
        watched(format!("{workers} workers"), move || {
            let plan = Plan::new(
                |_, item: usize| {
                    if item < 40 { Refused::result("one of the first") } else { Ok(item) }
                },
            );
            let rate = |rate, min_items| Options::new().on_error(OnError::skip_rate(rate, min_items));
            let mut runner = JobRunner::<_, _, true>::new(workers, plan).options(rate(0.1, 50));
            let mut outputs = Vec::new();
            let error = runner.run_into(&mut outputs, 0..100).expect_err("40 of 100 are more than a tenth");
            assert_eq!(outputs, (40..100).collect::<Vec<_>>(), "none failed when a share could be judged");
            assert_eq!((error.kind(), error.hook(), error.item()), (ErrorKind::Work, None, None));
            let line = "40 of 100 items failed, more than `OnError::skip_rate(0.1, 50)` tolerates: the report lists them";
            assert_eq!(error.to_string(), line);
            let report = runner.report().expect("there was a run");
            assert_eq!((report.skipped(), report.failed()), (40, 0));
            assert_accounts(Some(report));
            let last = runner.stream(0..100).last().expect("there are outputs, and the error");
            assert_eq!(last.expect_err("it is the last").to_string(), line);

            assert_eq!(runner.run(0..400).expect("40 of 400 are a tenth").len(), 360);
            assert_eq!(runner.run(0..49).expect("too few to judge").len(), 9);
            let mut runner = runner.options(rate(0.1, 100));
            runner.run(0..100).expect_err("as many as are judged");
            assert_eq!(runner.run(0..99).expect("too few to judge").len(), 59);
        });
    }
}

#[test]
fn a_run_that_breaks_or_is_cancelled_has_no_rate() {
    watched("break and cancel", || {
        let plan = Plan::new(|_, item: usize| if item < 40 { Refused::result("early") } else { Ok(item) })
            .consume(|outputs, item| {
                outputs.push(item);
                Ok(if item == 60 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            });
        let options = Options::new().on_error(OnError::skip_rate(0.1, 50));
        let mut runner = JobRunner::<_, _, true>::new(2, plan).options(options);
        assert_eq!(runner.run(0..100).expect("it has seen enough"), (40..=60).collect::<Vec<_>>());
        let canceller = runner.canceller();
        let input = (0..100).inspect(move |item| {
            if *item == 59 {
                canceller.cancel();
            }
        });
        let error = runner.run(input).expect_err("it is cancelled");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
    });
}

#[test]
fn the_error_that_exceeds_a_policy_tells_how_much_of_it_was_used_up() {
    watched("policies", || {
        let told = |policy| {
            let mut runner =
                JobRunner::<_, _, true>::new(2, tens_fail()).options(Options::new().on_error(policy));
            runner.run(0..100).expect_err("a tenth fails").to_string()
        };
        let stopped = told(OnError::stop());
        let advice = |policy, begin| {
            let error = told(policy);
            let (failure, advice) = error.split_once("; ").expect("there is advice");
            assert!(failure.starts_with(begin), "{error}");
            advice.to_owned()
        };
        assert!(!stopped.contains(';'), "nothing was tolerated: {stopped}");
        assert!(!told(OnError::skip(0)).contains(';'));
        assert_eq!(
            advice(OnError::skip(4), "producer_work failed at item 40 on cpu"),
            "4 were skipped before, as many as `OnError::skip(4)` tolerates"
        );
        assert_eq!(
            advice(OnError::skip_rate(0.09, 51), "producer_work panicked at item 50 on cpu"),
            "with it 6 of 51 had failed, more than `OnError::skip_rate(0.09, 51)` tolerates"
        );
    });
}

#[test]
fn a_report_counts_all_skipped_items_and_lists_the_first_thousand() {
    watched("3,000 skipped", || {
        let plan = Plan::new(|_, _: usize| Refused::result::<usize>("all of them"));
        let mut runner =
            JobRunner::<_, _, true>::new(2, plan).options(Options::new().on_error(OnError::skip(usize::MAX)));
        assert!(runner.run(0..3_000).expect("all failures are tolerated").is_empty());
        let report = runner.report().expect("there was a run");
        assert_eq!(report.skipped(), 3_000);
        assert_eq!(listed(report), (0..1_000).collect::<Vec<_>>());
        assert!(report.to_string().contains("3000 skipped"));
        assert_accounts(Some(report));
    });
}

#[test]
fn a_failing_consumer_is_not_skipped() {
    watched("consumer_work fails", || {
        let plan = identity().consume(|_, output| {
            if output == 3 { Refused::result("three") } else { Ok(ControlFlow::Continue(())) }
        });
        let mut runner =
            JobRunner::<_, _, true>::new(2, plan).options(Options::new().on_error(OnError::skip(usize::MAX)));
        let error = runner.run(0..100).expect_err("the consumer fails");
        assert_eq!((error.kind(), error.item()), (ErrorKind::Consumer, Some(3)));
        assert_accounts(runner.report());
    });
}

#[test]
fn a_state_that_cannot_be_made_anew_is_judged_before_an_err_item_behind_it() {
    watched("one worker, one chunk", || {
        let started = Arc::new(AtomicBool::new(false));
        let is_second = Arc::clone(&started);
        let plan = Plan::new(|_, item: usize| {
            assert!(item != 0, "the state is lost");
            Ok(item)
        })
        .init(move |_| {
            if is_second.swap(true, Ordering::SeqCst) { Refused::result("no second") } else { Ok(()) }
        });
        let options = Options::new().on_error(OnError::skip(1)).chunk(Chunk::Exactly(10));
        let mut runner = JobRunner::<_, _, true>::new(1, plan).options(options);
        let error =
            runner.try_run([Ok(0), Ok(1), Err(Refused("row".into()))]).expect_err("no state for item 1");
        assert_eq!(error.kind(), ErrorKind::Init, "{error}");
        let report = runner.report().expect("there was a run");
        assert_eq!((report.skipped(), report.failed(), report.discarded()), (1, 1, 1));
        assert_accounts(Some(report));

        let input = (0..10).inspect(|item| assert_ne!(*item, 2, "no such item"));
        started.store(false, Ordering::SeqCst);
        runner.close().expect("states end");
        let error = runner.run(input).expect_err("no state for item 1");
        assert_eq!((error.kind(), error.item()), (ErrorKind::Init, None), "the input panicked behind it");
        assert_accounts(runner.report());
    });
}
