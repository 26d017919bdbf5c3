//! Runs whose input a thread of its own pulls ahead, for batches of two with a delay.

use crate::control::Canceller;
use crate::error::ErrorKind;
use crate::explore::explore;
use crate::options::{Chunk, Options};
use crate::scene::Scene;
use crate::stage::{numbers, run_batches, undisturbed};

fn scene(items: usize, window: usize) -> Scene {
    let mut scene = Scene::new(items, window);
    scene.options = Options::new().window(window).chunk(Chunk::Exactly(2));
    scene
}

#[test]
fn every_item_goes_out_in_line_and_no_batch_is_too_large() {
    explore(|| {
        let outcome = run_batches::<true>(&scene(5, 3), undisturbed);
        assert!(outcome.result.is_ok());
        assert_eq!(outcome.outputs, [0, 1, 2, 3, 4]);
        assert!(outcome.largest_batch <= 2);
    });
}

#[test]
fn an_item_goes_out_after_its_delay_though_the_input_keeps_the_next_one_waiting() {
    explore(|| {
        let scene = Scene { lead: Some(0), ..scene(3, 2) };
        let outcome = run_batches::<true>(&scene, undisturbed);
        assert!(outcome.result.is_ok());
        assert_eq!(outcome.outputs, [0, 1, 2]);
    });
}

#[test]
fn a_window_that_one_batch_fills_does_not_stop_the_run() {
    explore(|| {
        let outcome = run_batches::<false>(&scene(5, 2), undisturbed);
        assert!(outcome.result.is_ok());
        assert_eq!(outcome.sorted(), [0, 1, 2, 3, 4]);
    });
}

#[test]
fn a_run_in_batches_may_be_cancelled_at_any_moment() {
    explore(|| {
        let scene = Scene { stuck: true, ..scene(6, 2) };
        let outcome = run_batches::<true>(&scene, Canceller::cancel);
        let error = outcome.result.as_ref().expect_err("nothing else ends it");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
    });
}

#[test]
fn a_drained_run_in_batches_consumes_all_that_was_pulled_ahead() {
    explore(|| {
        let scene = Scene { stuck: true, ..scene(6, 3) };
        let outcome = run_batches::<true>(&scene, Canceller::drain);
        assert!(outcome.result.is_ok());
        assert_eq!(outcome.outputs, numbers(outcome.report.pulled()));
    });
}

#[test]
fn a_batch_that_fails_ends_the_run_and_what_was_pulled_ahead_is_accounted_for() {
    explore(|| {
        let scene = Scene { failing: &[2], ..scene(7, 4) };
        let outcome = run_batches::<true>(&scene, undisturbed);
        assert!(outcome.result.is_err());
        assert_eq!(outcome.outputs, numbers(outcome.fault().expect("it names its first item")));
    });
}

#[test]
fn a_broken_input_ends_a_run_in_batches_behind_what_it_has_yielded() {
    explore(|| {
        let scene = Scene { broken: Some(3), ..scene(6, 4) };
        let outcome = run_batches::<true>(&scene, undisturbed);
        assert_eq!((outcome.fault(), &*outcome.outputs), (Some(3), &[0, 1, 2][..]));
    });
}
