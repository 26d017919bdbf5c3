//! What is measured: slices of the space of costs, sizes and variants, each a few cases.

use std::time::Duration;

use crate::contenders::{Contender, IDEAL, SEQUENTIAL, SERIAL_CONSUMERS, contenders};
use crate::jobs::{Buffer, HalfConsumed, Job, Stragglers, Trivial, Uniform, Word, loops_of};
use crate::machine::threads;
use crate::measure::{Plan, Series, interleaved};
use crate::{footprint, straggler, unlike};

pub(crate) const COSTS: &str = "cost";
pub(crate) const STRAGGLERS: &str = "stragglers";
pub(crate) const SIZES: &str = "size";
pub(crate) const CONSUMER: &str = "consumer";
pub(crate) const ONE_STRAGGLER: &str = "one straggler";
pub(crate) const UNLIKE: &str = "unlike devices";
pub(crate) const MEMORY: &str = "memory";
pub(crate) const IDLE: &str = "idle";

pub(crate) const TRIVIAL: &str = "trivial";

const NANOSECOND: Duration = Duration::from_nanos(1);
const MICROSECOND: Duration = Duration::from_micros(1);

/// Measures a case.
type Measure = Box<dyn Fn(&Plan) -> Vec<Series>>;

/// A part that can be measured by itself.
pub(crate) struct Case {
    pub(crate) slice: &'static str,
    pub(crate) name: &'static str,
    pub(crate) measure: Measure,
}

impl Case {
    fn new(
        slice: &'static str,
        name: &'static str,
        measure: impl Fn(&Plan) -> Vec<Series> + 'static,
    ) -> Self {
        Self { slice, name, measure: Box::new(measure) }
    }

    pub(crate) fn is(&self, slice: &str, name: &str) -> bool {
        (self.slice, self.name) == (slice, name)
    }
}

/// All cases, in the order in which they are shown.
pub(crate) fn cases() -> Vec<Case> {
    let uniform = |cost: Duration| move |plan: &Plan| everybody(plan, Uniform { loops: loops_of(cost) });
    let uneven = |cost: Duration| move |plan: &Plan| everybody(plan, Stragglers { loops: loops_of(cost) });
    let consumed =
        |cost: Duration| move |plan: &Plan| serial_consumers(plan, HalfConsumed { loops: loops_of(cost) });
    let sized = |size: usize| move |plan: &Plan| everybody(plan, Buffer { size });
    let mut cases = vec![
        Case::new(COSTS, TRIVIAL, |plan| everybody(plan, Trivial)),
        Case::new(COSTS, "100 ns", uniform(100 * NANOSECOND)),
        Case::new(COSTS, "1 µs", uniform(MICROSECOND)),
        Case::new(COSTS, "10 µs", uniform(10 * MICROSECOND)),
        Case::new(COSTS, "100 µs", uniform(100 * MICROSECOND)),
        Case::new(COSTS, "1 ms", uniform(1_000 * MICROSECOND)),
        Case::new(STRAGGLERS, "1 µs, 1 % take 100 µs", uneven(MICROSECOND)),
        Case::new(STRAGGLERS, "10 µs, 1 % take 1 ms", uneven(10 * MICROSECOND)),
        Case::new(SIZES, "8 B", |plan| everybody(plan, Word)),
        Case::new(SIZES, "1 KB", sized(1_024)),
        Case::new(SIZES, "1 MB", sized(1_024 * 1_024)),
        Case::new(CONSUMER, "work 10 µs, consumer 5 µs", consumed(10 * MICROSECOND)),
        Case::new(CONSUMER, "work 100 µs, consumer 50 µs", consumed(100 * MICROSECOND)),
    ];
    for window in straggler::WINDOWS {
        cases.push(Case::new(ONE_STRAGGLER, window, move |plan| straggler::measure(plan, window)));
    }
    for window in unlike::WINDOWS {
        cases.push(Case::new(UNLIKE, window, move |plan| unlike::measure(plan, window)));
    }
    for (name, count) in footprint::COUNTS {
        cases.push(Case::new(MEMORY, name, move |plan| footprint::peaks(plan, count)));
    }
    for state in footprint::IDLE_STATES {
        cases.push(Case::new(IDLE, state, move |plan| footprint::idle(plan, state)));
    }
    cases
}

fn everybody<J: Job>(plan: &Plan, job: J) -> Vec<Series> {
    interleaved(plan, job, contenders(threads(), job))
}

fn serial_consumers<J: Job>(plan: &Plan, job: J) -> Vec<Series> {
    let mut contenders = contenders(threads(), job);
    let belongs = |contender: &Contender| {
        [SEQUENTIAL, IDEAL].contains(&contender.name) || SERIAL_CONSUMERS.contains(&contender.name)
    };
    contenders.retain(belongs);
    interleaved(plan, job, contenders)
}
