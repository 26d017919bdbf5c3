//! Runs that nothing disturbs.

use crate::explore::explore;
use crate::options::{Chunk, OnError};
use crate::scene::Scene;
use crate::stage::{Outcome, numbers, run, run_merging, undisturbed};

fn assert_whole(outcome: &Outcome, items: usize) {
    outcome.result.as_ref().expect("nothing fails");
    assert_eq!(outcome.sorted(), numbers(items), "every output is consumed exactly once");
}

fn assert_in_line(outcome: &Outcome, items: usize) {
    outcome.result.as_ref().expect("nothing fails");
    assert_eq!(outcome.outputs, numbers(items), "every output is consumed once, in line");
}

#[test]
fn an_ordered_run_consumes_everything_in_line() {
    explore(|| assert_in_line(&run::<true>(&Scene::new(4, 2), undisturbed), 4));
}

#[test]
fn an_unordered_run_consumes_everything_once() {
    explore(|| assert_whole(&run::<false>(&Scene::new(4, 2), undisturbed), 4));
}

#[test]
fn workers_may_outnumber_the_slots_of_the_window() {
    explore(|| {
        let scene = Scene { workers: 3, ..Scene::new(3, 1) };
        assert_in_line(&run::<true>(&scene, undisturbed), 3);
    });
}

#[test]
fn a_chunk_need_not_divide_the_window() {
    explore(|| {
        let mut scene = Scene::new(5, 3);
        scene.options = scene.options.chunk(Chunk::Exactly(2));
        assert_in_line(&run::<true>(&scene, undisturbed), 5);
    });
}

#[test]
fn chunks_that_grow_while_the_consumer_dozes_lose_nothing() {
    explore(|| {
        let mut scene = Scene::new(10, 8);
        scene.options = scene.options.chunk(Chunk::Auto);
        assert_in_line(&run::<true>(&scene, undisturbed), 10);
    });
    explore(|| {
        let mut scene = Scene::new(10, 8);
        scene.options = scene.options.chunk(Chunk::Auto);
        assert_whole(&run::<false>(&scene, undisturbed), 10);
    });
}

#[test]
fn a_run_without_items_ends() {
    explore(|| assert_in_line(&run::<true>(&Scene::new(0, 1), undisturbed), 0));
}

#[test]
fn an_input_may_wait_for_what_it_has_yielded_before() {
    explore(|| {
        let scene = Scene { lead: Some(0), ..Scene::new(3, 2) };
        assert_in_line(&run::<true>(&scene, undisturbed), 3);
    });
    explore(|| {
        let scene = Scene { lead: Some(0), ..Scene::new(3, 2) };
        assert_whole(&run::<false>(&scene, undisturbed), 3);
    });
}

#[test]
fn a_run_consumed_on_the_workers_is_whole() {
    explore(|| assert_whole(&run_merging(&Scene::new(4, 2), undisturbed), 4));
}

#[test]
fn an_item_that_is_skipped_leaves_the_others_in_line() {
    explore(|| {
        let mut scene = Scene { failing: &[1], broken: Some(2), ..Scene::new(4, 2) };
        scene.options = scene.options.on_error(OnError::skip(2));
        let outcome = run::<true>(&scene, undisturbed);
        outcome.result.as_ref().expect("both are tolerated");
        assert_eq!((&*outcome.outputs, outcome.report.skipped()), (&[0, 3][..], 2));
    });
}

/// One worker, and two chunks of so many brisk items, the second of which is worked in blocks of 16.
fn in_blocks(chunk: usize) -> Scene {
    let mut scene = Scene { workers: 1, brisk: true, ..Scene::new(2 * chunk, 2 * chunk) };
    scene.options = scene.options.chunk(Chunk::Exactly(chunk));
    scene
}

#[test]
fn brisk_items_are_worked_and_consumed_one_by_one_all_the_same() {
    explore(|| {
        let outcome = run::<true>(&in_blocks(20), undisturbed);
        assert_in_line(&outcome, 40);
        assert_eq!(outcome.worked, numbers(40));
    });
}

#[test]
fn a_brisk_item_that_fails_ends_the_run_in_the_middle_of_its_block() {
    explore(|| {
        let outcome = run::<true>(&Scene { failing: &[27], ..in_blocks(20) }, undisturbed);
        assert_eq!((outcome.fault(), &outcome.outputs), (Some(27), &numbers(27)));
        assert_eq!(outcome.worked, numbers(28), "what comes after it is not worked");
    });
}

#[test]
fn a_state_that_works_brisk_items_is_recycled_in_the_middle_of_a_block() {
    explore(|| {
        let mut scene = in_blocks(20);
        scene.options = scene.options.recycle_after(8);
        let outcome = run::<true>(&scene, undisturbed);
        assert_in_line(&outcome, 40);
        assert_eq!(outcome.states, 5, "each serves for 8 items");
    });
}
