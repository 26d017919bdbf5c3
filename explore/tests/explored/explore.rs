//! How a promise is put to the test: under schedules drawn at random, under schedules that a few well-placed preemptions make,
//! and, where it is small enough, under every schedule there is.

use std::env;
use std::fmt::Display;
use std::str::FromStr;

use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, ReplayScheduler, Scheduler};
use shuttle::{Config, MaxSteps, Runner};

use crate::sync;

/// How many schedules of each kind, unless `EXPLORE_SCHEDULES` says otherwise.
const SCHEDULES: usize = 2_500;

/// The same schedules in every run, unless `EXPLORE_SEED` says otherwise: what fails has been broken by what was changed.
const SEED: u64 = 1;

/// How many preemptions the second kind places.
const PREEMPTIONS: usize = 3;

/// Far more steps than any schedule here takes to end.
const MAX_STEPS: usize = 50_000;

/// Puts `promise` to the test under random schedules, or under the one that `EXPLORE_REPLAY` names.
///
/// # Panics
/// If a schedule breaks the promise, leaves somebody waiting for ever, or does not end.
pub(crate) fn explore(promise: impl Fn() + Send + Sync + Clone + 'static) {
    if let Ok(schedule) = env::var("EXPLORE_REPLAY") {
        return check(ReplayScheduler::new_from_encoded(&schedule), false, promise);
    }
    let (schedules, seed) = (setting("EXPLORE_SCHEDULES", SCHEDULES), setting("EXPLORE_SEED", SEED));
    check(RandomScheduler::new_from_seed(seed, schedules), false, promise.clone());
    check(PctScheduler::new_from_seed(seed, PREEMPTIONS, schedules), false, promise);
}

/// Puts `promise` to the test under every schedule.
///
/// # Panics
/// As [`explore`].
pub(crate) fn explore_all(promise: impl Fn() + Send + Sync + 'static) {
    match env::var("EXPLORE_REPLAY") {
        Ok(schedule) => check(ReplayScheduler::new_from_encoded(&schedule), true, promise),
        Err(_) => check(DfsScheduler::new(None, false), true, promise),
    }
}

fn check(scheduler: impl Scheduler + 'static, exhaustive: bool, promise: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.stack_size = 0x2_0000;
    config.max_steps = MaxSteps::FailAfter(MAX_STEPS);
    // It models relaxed atomics as sequentially consistent ones; `docs/testing.md` says why that is enough.
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(move || {
        sync::begin(exhaustive);
        promise();
    });
}

fn setting<T: FromStr<Err: Display>>(name: &str, otherwise: T) -> T {
    match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("{name} is `{text}`: {error}")),
        Err(_) => otherwise,
    }
}
