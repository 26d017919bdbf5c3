//! What is to be reached, held against the measurements. No verdict is written by hand.

use crate::contenders::{LOOP, ONE, ONE_WITH_ONE_THREAD, TWO};
use crate::measure::{BATCHES, Job, RATE, THREADS};
use crate::results::{Results, Summary};
use crate::tables::Kind;

/// A row of the table; `met` is `None` where a measurement is missing.
pub(crate) struct Goal {
    pub(crate) what: String,
    pub(crate) measured: String,
    pub(crate) met: Option<bool>,
}

pub(crate) fn goals(results: &Results, kind: Kind) -> Vec<Goal> {
    match kind {
        Kind::Cpu => on_a_processor(results),
        Kind::Cuda => on_a_gpu(results),
    }
}

fn on_a_gpu(results: &Results) -> Vec<Goal> {
    let mut goals = vec![not_slower(results)];
    for (job, network) in [(Job::Nothing, "ResNet-18"), (Job::NothingForDeep, "VGG-16")] {
        for batch in &BATCHES[1..] {
            goals.push(at_least(
                results,
                format!("… for {network}, batches of {batch}: one worker does at least 99 % of the loop"),
                &job.case(*batch),
                [LOOP, ONE],
                0.99,
            ));
        }
    }
    for batch in BATCHES {
        goals.push(at_least(
            results,
            format!(
                "images must be scaled down, batches of {batch}: two workers do at least 1.8 times the loop"
            ),
            &Job::ScaleDown.case(batch),
            [LOOP, TWO],
            1.8,
        ));
    }
    goals
}

fn on_a_processor(results: &Results) -> Vec<Goal> {
    let ready = (Job::Nothing, "images are ready, one by one");
    let scaled_down = (Job::ScaleDown, "images must be scaled down, one by one");
    let mut goals: Vec<Goal> = [ready, scaled_down]
        .map(|(job, described)| {
            at_least(
                results,
                format!("{described}: two workers do at least 1.7 times one with one thread"),
                &job.case(1),
                [ONE_WITH_ONE_THREAD, TWO],
                1.7,
            )
        })
        .into();
    goals.push(threads(results));
    goals
}

fn not_slower(results: &Results) -> Goal {
    let ratio = results.ratio(&Job::Nothing.case(1), ONE, LOOP, RATE);
    let what = "images are ready, batches of 1: one worker is not slower than the loop";
    judged(what.to_owned(), ratio, |Summary { median, spread }| median + spread >= 1.0)
}

/// Whether the second of two contenders does so many times what the first does.
fn at_least(results: &Results, what: String, case: &str, [base, other]: [&str; 2], times: f64) -> Goal {
    judged(what, results.ratio(case, other, base, RATE), |ratio| ratio.median >= times)
}

fn judged(what: String, ratio: Option<Summary>, met: impl Fn(Summary) -> bool) -> Goal {
    let measured = ratio
        .map_or_else(|| "–".to_owned(), |Summary { median, spread }| format!("{median:.3} ± {spread:.3}"));
    Goal { what, measured, met: ratio.map(met) }
}

/// Whether as many workers as there are cores keep to the cores.
fn threads(results: &Results) -> Goal {
    let cores: Option<f64> = results.told("cores").and_then(|cores| cores.parse().ok());
    let most = |contender, workers: f64| {
        let counts = Job::ON_CPU.into_iter().flat_map(|job| BATCHES.map(|batch| job.case(batch)));
        let counts = counts.filter_map(|case| Some(results.summary(&case, contender, THREADS)?.median));
        counts.reduce(f64::max).filter(|_| cores.is_some_and(|cores| workers <= cores))
    };
    let most = [most(ONE, 1.0), most(TWO, 2.0)].into_iter().flatten().reduce(f64::max);
    Goal {
        what: "workers and the threads that libtorch spreads their operations on are no more than the cores"
            .to_owned(),
        measured: most.map_or_else(|| "–".to_owned(), |most| format!("at most {most}")),
        met: most.zip(cores).map(|(most, cores)| most <= cores),
    }
}
