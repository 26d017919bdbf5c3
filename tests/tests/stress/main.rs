//! Thousands of runs into which faults are injected at random, wherever user code is called: in hooks, in the input, in what is
//! dropped, copied and displayed. Nothing hangs, nothing is lost, and every state is ended once.
//!
//! `EASYCORE_STRESS_SEED` and `EASYCORE_STRESS_RUNS` repeat a voyage or lengthen the whole. A seed decides what is injected where;
//! which thread meets it first is up to the system.

mod cargo;
mod dice;
mod faults;
mod retried;
mod voyage;
mod weather;

use std::panic::{catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use easycore_tests::{silence_injected_panics, watched};
use faults::{Place, SpitefulPayload};

const SEED: u64 = 1;
const RUNS: u64 = 12_000;
/// How many faults there are at least in so many runs.
const FAULTS: u64 = 100_000;
/// Voyages under way at once.
const LANES: usize = 3;

fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(value) => value.parse().unwrap_or_else(|_| panic!("{name} is `{value}`: it must be a number")),
        Err(_) => default,
    }
}

#[test]
fn whatever_fails_wherever_nothing_hangs_and_nothing_is_lost() {
    silence_injected_panics::<SpitefulPayload>();
    let (seed, runs) = (setting("EASYCORE_STRESS_SEED", SEED), setting("EASYCORE_STRESS_RUNS", RUNS));
    let voyages = runs.div_ceil(voyage::RUNS as u64);
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= voyages {
                        return;
                    }
                    let seed = seed + number;
                    let name = format!("EASYCORE_STRESS_SEED={seed} EASYCORE_STRESS_RUNS={}", voyage::RUNS);
                    watched(name, move || {
                        let outcome = catch_unwind(|| voyage::sail(seed));
                        if let Err(payload) = outcome {
                            let place = faults::place_of(&*payload);
                            assert!(place.is_none(), "an injected panic got out: {place:?}");
                            resume_unwind(payload);
                        }
                    });
                }
            });
        }
    });
    let mut total = 0;
    for place in Place::ALL {
        println!("{:>8}  {place:?}", place.count());
        assert!(runs < RUNS || place.count() > 0, "no fault at {place:?}");
        total += place.count() as u64;
    }
    println!("{total:>8}  faults in {runs} runs");
    assert!(total * RUNS >= FAULTS * runs || runs < RUNS, "only {total} faults in {runs} runs");
}
