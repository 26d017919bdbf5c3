//! Seeds: random numbers that are the same in every run, whatever the number of workers.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use easycore::{Options, Worker, parallel_runner};
use easycore_tests::{JobRunner, identity, lock, watched};

/// What a worker says about itself and an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Seeds {
    worker: (usize, u64),
    item: u64,
}

#[parallel_runner]
impl Ask {
    fn producer_init(worker: &Worker) -> Worker {
        worker.clone()
    }
    fn producer_work(worker: &mut Worker, index: usize) -> Seeds {
        Seeds { worker: (worker.index(), worker.seed()), item: worker.item_seed(index) }
    }
}

fn ask(workers: usize, seed: u64) -> Vec<Seeds> {
    watched(format!("{workers} workers, seed {seed}"), move || {
        let options = Options::new().seed(seed);
        Ask::new(workers).options(options).run(0..5_000).expect("nothing fails")
    })
}

fn items(seeds: &[Seeds]) -> Vec<u64> {
    seeds.iter().map(|seeds| seeds.item).collect()
}

#[test]
fn outputs_made_with_item_seeds_are_the_same_whatever_the_number_of_workers() {
    let alone = items(&ask(1, 42));
    for workers in [2, 8] {
        assert_eq!(items(&ask(workers, 42)), alone, "{workers} workers");
    }
}

/// By how much the state of `SplitMix64` goes up for each output.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// `SplitMix64`, as its authors write it down.
fn splitmix64(seed: u64, count: usize) -> Vec<u64> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_add(STEP);
        let mut output = state;
        output = (output ^ (output >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        output = (output ^ (output >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        output ^ (output >> 31)
    };
    std::iter::repeat_with(next).take(count).collect()
}

#[test]
fn item_seeds_are_the_outputs_of_splitmix64_started_at_its_first_one() {
    let published = [
        6_457_827_717_110_365_317,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
        4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
    ];
    assert_eq!(splitmix64(1_234_567, 5), published);
    assert_eq!(items(&ask(2, 1_234_567)), splitmix64(published[0], 5_000));
}

#[test]
fn seeds_that_are_a_step_of_the_generator_apart_share_no_item() {
    let one: BTreeSet<u64> = items(&ask(1, 42)).into_iter().collect();
    assert!(items(&ask(1, 42 + STEP)).iter().all(|seed| !one.contains(seed)));
}

#[test]
fn another_seed_gives_every_item_and_every_worker_another() {
    let (one, other) = (ask(1, 1), ask(1, 2));
    assert!(one.iter().zip(&other).all(|(one, other)| one.item != other.item));
    assert_ne!(one[0].worker, other[0].worker);
    assert_eq!(
        items(&ask(1, 0)),
        items(&watched("the default", || Ask::new(1).run(0..5_000)).expect("nothing fails"))
    );
}

#[test]
fn no_two_workers_or_items_share_a_seed_and_a_worker_keeps_its_own() {
    let once = seeds_of_workers(8, 9);
    assert_eq!(once, seeds_of_workers(8, 9), "in every run");
    assert_eq!(once[..3], seeds_of_workers(3, 9), "however many there are");
    let mut all: BTreeSet<u64> = once.into_iter().map(|(_, seed)| seed).collect();
    assert_eq!(all.len(), 8);
    all.extend(items(&ask(1, 9)));
    assert_eq!(all.len(), 8 + 5_000);
}

/// The indices and seeds of all workers of a runner, by index.
fn seeds_of_workers(workers: usize, seed: u64) -> Vec<(usize, u64)> {
    watched(format!("{workers} workers"), move || {
        let seeds: Arc<Mutex<Vec<_>>> = Arc::default();
        let noting = Arc::clone(&seeds);
        let plan = identity().init(move |worker| {
            lock(&noting).push((worker.index(), worker.seed()));
            Ok(())
        });
        let mut runner = JobRunner::<_, _, true>::new(workers, plan).options(Options::new().seed(seed));
        runner.start().expect("nothing fails");
        let mut seeds = std::mem::take(&mut *lock(&seeds));
        seeds.sort_unstable();
        seeds
    })
}
