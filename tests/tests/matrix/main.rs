//! The matrix: every hook and the input, failing in either way, at the first, a middle and the last item, with 1, 2 and 8
//! workers, in both orders, run in every way, item by item and in batches. Whatever the combination, the run tells what
//! happened, accounts for every item, pairs every state, and leaves a runner that is as good as new.

mod case;
mod expect;
mod trial;

use case::{Case, Place};
use easycore_tests::{in_shape, silence_injected_panics, watched};
use trial::{Payload, Trial};

/// Tries every combination in which the fault is at `place`; there must be so many.
fn try_all(place: Place, combinations: usize) {
    silence_injected_panics::<Payload>();
    let cases: Vec<Case> = Case::all().filter(|case| case.place == place).collect();
    assert_eq!(cases.len(), combinations, "the table has lost or gained rows at {place}");
    for case in cases {
        watched(case, move || in_shape!(case.ordered, case.shape, try_one(case)));
    }
}

fn try_one<const ORDERED: bool, const BATCH: usize, const DELAY: u64>(case: Case) {
    let mut trial = Trial::<ORDERED, BATCH, DELAY>::new(case);
    let run = trial.run();
    let expect = match case.place {
        Place::ProducerInit => expect::producer_init,
        Place::ProducerInitAgain => expect::producer_init_again,
        Place::ProducerWork => expect::producer_work,
        Place::ProducerEnd => expect::producer_end,
        Place::ProducerEndEarly => expect::producer_end_early,
        Place::ConsumerInit => expect::consumer_init,
        Place::ConsumerWork => expect::consumer_work,
        Place::ConsumerMerge => expect::consumer_merge,
        Place::ConsumerEnd => expect::consumer_end,
        Place::Input => expect::input,
    };
    expect(case, &run);
    if case.place == Place::ProducerEnd {
        trial.close(&run);
        trial.expect_next_run_as_if_nothing_had_happened();
        return;
    }
    trial.expect_next_run_as_if_nothing_had_happened();
    trial.close(&run);
}

#[test]
fn producer_init_may_fail_at_the_start() {
    try_all(Place::ProducerInit, 396);
}

#[test]
fn producer_init_may_fail_after_a_panic() {
    try_all(Place::ProducerInitAgain, 594);
}

#[test]
fn producer_work_may_fail() {
    try_all(Place::ProducerWork, 594);
}

#[test]
fn producer_end_may_fail_at_the_close() {
    try_all(Place::ProducerEnd, 396);
}

#[test]
fn producer_end_may_fail_after_a_panic() {
    try_all(Place::ProducerEndEarly, 594);
}

#[test]
fn consumer_init_may_fail() {
    try_all(Place::ConsumerInit, 216);
}

#[test]
fn consumer_work_may_fail() {
    try_all(Place::ConsumerWork, 486);
}

#[test]
fn consumer_merge_may_fail() {
    try_all(Place::ConsumerMerge, 54);
}

#[test]
fn consumer_end_may_fail() {
    try_all(Place::ConsumerEnd, 162);
}

#[test]
fn the_input_may_fail() {
    try_all(Place::Input, 378);
}
