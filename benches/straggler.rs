//! One item of a thousand times the others' cost, in ordered mode: how far the window fills behind it, and who keeps working.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use easycore::Options;

use crate::contenders::ORDERED;
use crate::hooks::started;
use crate::jobs::{Job, loops_of, spin};
use crate::machine::threads;
use crate::measure::{Plan, Series};

pub(crate) const TIGHT: &str = "window of 256";
pub(crate) const ROOMY: &str = "window of 2,000 a worker";
pub(crate) const AUTOMATIC: &str = "automatic window";
pub(crate) const WINDOWS: [&str; 3] = [TIGHT, ROOMY, AUTOMATIC];

/// The most items that were pulled and not yet consumed.
pub(crate) const PEAK: &str = "peak items in flight";
/// The busy time of the worker that was busy least, of the run's time, in percent.
pub(crate) const LEAST_BUSY: &str = "least busy worker, %";
/// The same for the time it waited for room in the window.
pub(crate) const BLOCKED: &str = "longest blocked worker, %";
/// The time of the run, in milliseconds.
const ELAPSED: &str = "run, ms";

const COST: Duration = Duration::from_micros(100);

static PULLED: AtomicUsize = AtomicUsize::new(0);
static CONSUMED: AtomicUsize = AtomicUsize::new(0);
static MOST_IN_FLIGHT: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug, Clone, Copy)]
struct OneStraggler {
    loops: u32,
    at: usize,
}

impl Job for OneStraggler {
    type Item = usize;
    type Output = u64;

    fn item(&self, index: usize) -> usize {
        let pulled = PULLED.fetch_add(1, Relaxed) + 1;
        // Read late and too small at worst, which makes the peak too high at worst.
        MOST_IN_FLIGHT.fetch_max(pulled - CONSUMED.load(Relaxed).min(pulled), Relaxed);
        index
    }
    fn work(&self, item: usize) -> u64 {
        spin(if item == self.at { 1_000 * self.loops } else { self.loops }, item as u64)
    }
    fn consume(&self, output: u64) -> u64 {
        CONSUMED.fetch_add(1, Relaxed);
        output
    }
}

/// The number of items in the window, where it is not left to the runner.
pub(crate) fn window(name: &str) -> Option<usize> {
    match name {
        TIGHT => Some(256),
        ROOMY => Some(2_000 * threads()),
        _ => None,
    }
}

pub(crate) fn measure(plan: &Plan, name: &str) -> Vec<Series> {
    let count = 4_000 * threads();
    let job = OneStraggler { loops: loops_of(COST), at: count / 8 };
    let mut options = Options::new();
    if let Some(items) = window(name) {
        options = options.window(items);
    }
    let mut runner = started::<_, true>(threads(), job).options(options);
    let mut metrics = [PEAK, LEAST_BUSY, BLOCKED, ELAPSED].map(|metric| Series {
        contender: ORDERED.to_owned(),
        metric,
        rounds: Vec::new(),
    });
    for _ in 0..plan.rounds {
        for counter in [&PULLED, &CONSUMED, &MOST_IN_FLIGHT] {
            counter.store(0, Relaxed);
        }
        runner.run((0..count).map(move |index| job.item(index))).expect("no hook fails");
        let report = runner.report().expect("a run leaves a report");
        let percent = |time: Duration| 100.0 * time.as_secs_f64() / report.elapsed().as_secs_f64();
        let shares = |of: fn(&easycore::WorkerReport) -> Duration| {
            report.workers().iter().map(of).map(percent).collect::<Vec<f64>>()
        };
        let figures = [
            f64::from(u32::try_from(MOST_IN_FLIGHT.load(Relaxed)).unwrap_or(u32::MAX)),
            shares(|worker| worker.busy).into_iter().fold(f64::INFINITY, f64::min),
            shares(|worker| worker.blocked).into_iter().fold(0.0, f64::max),
            report.elapsed().as_secs_f64() * 1e3,
        ];
        for (series, figure) in metrics.iter_mut().zip(figures) {
            series.rounds.push(figure);
        }
    }
    metrics.into()
}
