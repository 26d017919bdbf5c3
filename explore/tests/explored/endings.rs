//! Runs that something ends early, at whatever moment.

use crate::control::Canceller;
use crate::error::{Error, ErrorKind};
use crate::explore::explore;
use crate::options::{Chunk, Options};
use crate::scene::Scene;
use crate::stage::{Outcome, numbers, run, run_merging, undisturbed};

/// Whether what was consumed is what comes first.
fn assert_prefix(outcome: &Outcome) {
    assert_eq!(outcome.outputs, numbers(outcome.outputs.len()), "what is consumed comes first");
}

fn assert_cancelled_or_whole(outcome: &Outcome, items: usize) {
    match &outcome.result {
        Ok(()) => assert_eq!(outcome.outputs.len(), items, "the cancellation came too late"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Cancelled),
    }
}

#[test]
fn before_a_failing_item_everything_is_consumed_and_nothing_behind_it() {
    explore(|| {
        let scene = Scene { failing: &[2], ..Scene::new(5, 3) };
        let outcome = run::<true>(&scene, undisturbed);
        assert_eq!(outcome.fault(), Some(2));
        assert_eq!(outcome.outputs, [0, 1]);
    });
}

#[test]
fn of_several_failures_the_first_in_line_counts() {
    explore(|| {
        let scene = Scene { failing: &[1, 2], broken: Some(3), ..Scene::new(4, 4) };
        let outcome = run::<true>(&scene, undisturbed);
        assert_eq!((outcome.fault(), &*outcome.outputs), (Some(1), &[0][..]));
        assert!(outcome.worked.contains(&0), "a later failure does not cut off what comes before");
    });
}

#[test]
fn an_unordered_run_consumes_what_had_succeeded_when_an_item_failed() {
    explore(|| {
        let scene = Scene { failing: &[1], ..Scene::new(4, 3) };
        let outcome = run::<false>(&scene, undisturbed);
        assert_eq!(outcome.fault(), Some(1));
        assert_eq!(outcome.outputs.len() + 1, outcome.worked.len(), "of what was worked only item 1 failed");
    });
}

#[test]
fn a_broken_input_ends_the_run_behind_what_it_has_yielded() {
    explore(|| {
        let mut scene = Scene { broken: Some(3), ..Scene::new(6, 4) };
        scene.options = scene.options.chunk(Chunk::Exactly(2));
        let outcome = run::<true>(&scene, undisturbed);
        assert_eq!((outcome.fault(), &*outcome.outputs), (Some(3), &[0, 1, 2][..]));
    });
}

#[test]
fn a_consumer_that_has_seen_enough_ends_the_run() {
    explore(|| {
        let scene = Scene { enough: Some(1), ..Scene::new(6, 2) };
        let outcome = run::<true>(&scene, undisturbed);
        assert!(outcome.result.is_ok());
        assert_eq!(outcome.outputs, [0, 1]);
    });
}

#[test]
fn a_worker_that_consumes_and_has_seen_enough_ends_the_run() {
    explore(|| {
        let scene = Scene { enough: Some(1), ..Scene::new(6, 2) };
        let outcome = run_merging(&scene, undisturbed);
        assert!(outcome.result.is_ok());
        assert!(outcome.outputs.contains(&1));
    });
}

#[test]
fn a_run_may_be_cancelled_at_any_moment() {
    explore(|| {
        let outcome = run::<true>(&Scene::new(4, 2), Canceller::cancel);
        assert_cancelled_or_whole(&outcome, 4);
        assert_prefix(&outcome);
    });
    explore(|| assert_cancelled_or_whole(&run::<false>(&Scene::new(4, 2), Canceller::cancel), 4));
}

#[test]
fn a_run_may_be_cancelled_while_every_worker_waits_for_the_consumer() {
    explore(|| {
        let scene = Scene { workers: 3, stuck: true, ..Scene::new(4, 1) };
        let outcome = run::<true>(&scene, Canceller::cancel);
        assert_eq!(outcome.result.as_ref().map_err(Error::kind), Err(ErrorKind::Cancelled));
        assert_prefix(&outcome);
    });
}

#[test]
fn a_drained_run_consumes_all_that_was_pulled() {
    explore(|| {
        let outcome = run::<true>(&Scene { stuck: true, ..Scene::new(6, 2) }, Canceller::drain);
        assert!(outcome.result.is_ok());
        assert_eq!(outcome.outputs, numbers(outcome.report.pulled()));
    });
    explore(|| {
        let mut scene = Scene { stuck: true, ..Scene::new(20, 8) };
        scene.options = Options::new().window(8);
        let outcome = run::<false>(&scene, Canceller::drain);
        assert!(outcome.result.is_ok());
        assert_eq!(outcome.sorted(), numbers(outcome.report.pulled()));
    });
}

#[test]
fn a_run_that_is_being_drained_may_be_cancelled() {
    explore(|| {
        let outcome = run::<true>(&Scene { stuck: true, ..Scene::new(6, 2) }, |canceller| {
            canceller.drain();
            canceller.cancel();
        });
        assert_prefix(&outcome);
        assert_eq!(outcome.result.as_ref().map_err(Error::kind), Err(ErrorKind::Cancelled));
    });
}

#[test]
fn a_failure_and_a_cancellation_may_meet() {
    explore(|| {
        let scene = Scene { failing: &[2], ..Scene::new(5, 2) };
        let outcome = run::<true>(&scene, Canceller::cancel);
        assert_prefix(&outcome);
        let error = outcome.result.as_ref().expect_err("there is one or the other");
        assert!(error.kind() == ErrorKind::Cancelled || outcome.outputs == [0, 1]);
    });
}
