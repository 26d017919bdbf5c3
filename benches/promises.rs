//! What easycore promises of its speed, held against the measurements. No verdict is written by hand.

use crate::contenders::{
    IDEAL, MERGED_INDEXED, ORDERED, ORDERED_STREAMING, PAR_BRIDGE, PAR_COLLECT, PAR_ITER, SEQUENTIAL,
    UNORDERED,
};
use crate::measure::WALL;
use crate::results::{Results, Summary};
use crate::slices::{CONSUMER, COSTS, IDLE, MEMORY, ONE_STRAGGLER, TRIVIAL, UNLIKE};
use crate::tables::time;
use crate::{footprint, straggler, unlike};

/// A row of the table; `met` is `None` where a measurement is missing.
pub(crate) struct Promise {
    pub(crate) what: String,
    pub(crate) measured: String,
    pub(crate) met: Option<bool>,
}

/// A figure as text, and whether it keeps the promise.
type Verdict = (String, bool);

pub(crate) fn promises(results: &Results) -> Vec<Promise> {
    let mut rows = vec![
        row("trivial items, ordered: at most 2 ns added to the ideal", added_to_trivial(results)),
        row("… at least 12× less than `par_bridge` adds", times_less(results, &[PAR_BRIDGE], 12.0)),
        row(
            "… 50× less than the best ordered streaming peer adds",
            times_less(results, &ORDERED_STREAMING, 50.0),
        ),
        row(
            "… level with `par_iter`, collect, fold: at most 5 % above",
            at_most(results, TRIVIAL, ORDERED, PAR_COLLECT, 1.05),
        ),
        row(
            "trivial items, `consumer_merge`, `run_indexed`: within 1.2× of `par_iter`, reduce",
            at_most(results, TRIVIAL, MERGED_INDEXED, PAR_ITER, 1.2),
        ),
        row(
            "100 ns items, ordered: within 5 % of `par_iter`, reduce",
            at_most(results, "100 ns", ORDERED, PAR_ITER, 1.05),
        ),
    ];
    for case in ["1 µs", "10 µs", "100 µs", "1 ms"] {
        rows.push(row(format!("{case} items, ordered: at least 97 % of the ideal"), of_ideal(results, case)));
        rows.push(row("… within 2 % of unordered", at_most(results, case, ORDERED, UNORDERED, 1.02)));
        rows.push(row("… no peer faster by more than noise", fastest_peer(results, case)));
    }
    for case in results.cases(CONSUMER) {
        rows.push(row(
            format!("{case}, ordered: at most 5 % above the larger of slower stage and CPU time ÷ cores"),
            above_bound(results, case),
        ));
    }
    rows.extend([
        row("one straggler of 1,000×, ordered: never more in flight than the window", in_window(results)),
        row("… the others fill a tight window before they wait", filled(results)),
        row("… the others work on (97 % busy) while a roomy window has room", busy(results)),
        row(
            "a device 40 times as slow beside another, ordered: that one works on (80 % busy) in the automatic window",
            fast_busy(results),
        ),
        row("100 million items: peak memory at most a full window (8 MiB) above 100 thousand", flat(results)),
    ]);
    for state in footprint::IDLE_STATES {
        rows.push(row(format!("{state}: no CPU time (at most 0.5 % of one core)"), idle(results, state)));
    }
    rows
}

fn row(what: impl Into<String>, verdict: Option<Verdict>) -> Promise {
    let (measured, met) = verdict.unzip();
    Promise { what: what.into(), measured: measured.unwrap_or_default(), met }
}

fn added_to_trivial(results: &Results) -> Option<Verdict> {
    let Summary { median, spread } = results.added(COSTS, TRIVIAL, ORDERED)?;
    Some((format!("{} ± {}", time(median), time(spread)), median <= 2.0))
}

/// How many times what easycore adds to a trivial item the best of `peers` adds.
fn times_less(results: &Results, peers: &[&str], least: f64) -> Option<Verdict> {
    let own = results.added(COSTS, TRIVIAL, ORDERED)?.median;
    let added = |peer: &&str| Some((results.added(COSTS, TRIVIAL, peer)?.median, (*peer).to_owned()));
    let (best, peer) = peers.iter().filter_map(added).min_by(|one, other| one.0.total_cmp(&other.0))?;
    // An addition too small to be told from none must not make the factor negative.
    let factor = best / own.max(0.01);
    Some((format!("{factor:.0}×: {} against {} ({peer})", time(own), time(best)), factor >= least))
}

fn at_most(results: &Results, case: &str, own: &str, other: &str, limit: f64) -> Option<Verdict> {
    let Summary { median, spread } = results.ratio(COSTS, case, own, other)?;
    Some((format!("{median:.3} ± {spread:.3} times"), median <= limit))
}

fn of_ideal(results: &Results, case: &str) -> Option<Verdict> {
    let Summary { median, spread } = results.ratio(COSTS, case, IDEAL, ORDERED)?;
    Some((format!("{:.1} ± {:.1} %", 100.0 * median, 100.0 * spread), median >= 0.97))
}

fn fastest_peer(results: &Results, case: &str) -> Option<Verdict> {
    let is_peer = |name: &&str| ![SEQUENTIAL, IDEAL].contains(name) && !name.starts_with("easycore");
    let peers = results.contenders(COSTS).into_iter().filter(is_peer);
    let ratios = peers.filter_map(|peer| Some((results.ratio(COSTS, case, peer, ORDERED)?, peer)));
    let (Summary { median, spread }, peer) =
        ratios.min_by(|one, other| one.0.median.total_cmp(&other.0.median))?;
    Some((format!("{peer} takes {median:.3} ± {spread:.3} times as long"), median + spread >= 1.0))
}

/// The ideal does work and consumption on all cores, so its time is all CPU time ÷ cores; the consumer by itself takes a third
/// of what one item takes sequentially.
fn above_bound(results: &Results, case: &str) -> Option<Verdict> {
    let ideal = results.summary(CONSUMER, case, IDEAL, WALL)?.median;
    let consumer = results.summary(CONSUMER, case, SEQUENTIAL, WALL)?.median / 3.0;
    let (bounding, slowdown) = if ideal >= consumer { (IDEAL, 1.0) } else { (SEQUENTIAL, 3.0) };
    let Summary { median, spread } = results.ratio(CONSUMER, case, ORDERED, bounding)?;
    let above = slowdown * median - 1.0;
    Some((format!("{:.1} ± {:.1} % above", 100.0 * above, 100.0 * slowdown * spread), above <= 0.05))
}

fn in_window(results: &Results) -> Option<Verdict> {
    let mut figures = Vec::new();
    let mut met = true;
    for (name, window) in
        straggler::WINDOWS.into_iter().filter_map(|name| Some((name, straggler::window(name)?)))
    {
        let peaks = results.rounds(ONE_STRAGGLER, name, ORDERED, straggler::PEAK)?;
        let peak = peaks.iter().copied().fold(0.0, f64::max);
        met &= peak <= f64::from(u32::try_from(window).ok()?);
        figures.push(format!("{peak:.0} of {window}"));
    }
    Some((figures.join(", "), met))
}

fn filled(results: &Results) -> Option<Verdict> {
    let peak = results.summary(ONE_STRAGGLER, straggler::TIGHT, ORDERED, straggler::PEAK)?.median;
    let window = f64::from(u32::try_from(straggler::window(straggler::TIGHT)?).ok()?);
    Some((format!("{peak:.0} of {window:.0}"), peak >= 0.95 * window))
}

fn busy(results: &Results) -> Option<Verdict> {
    let Summary { median, spread } =
        results.summary(ONE_STRAGGLER, straggler::ROOMY, ORDERED, straggler::LEAST_BUSY)?;
    Some((format!("{median:.1} ± {spread:.1} %"), median >= 97.0))
}

fn fast_busy(results: &Results) -> Option<Verdict> {
    let Summary { median, spread } =
        results.summary(UNLIKE, unlike::AUTOMATIC, ORDERED, unlike::FAST_BUSY)?;
    Some((format!("{median:.1} ± {spread:.1} %"), median >= 80.0))
}

fn flat(results: &Results) -> Option<Verdict> {
    let [(few, _), .., (many, _)] = footprint::COUNTS;
    let mut figures = Vec::new();
    let mut met = true;
    for mode in [ORDERED, UNORDERED] {
        let peak = |case| Some(results.summary(MEMORY, case, mode, footprint::PEAK)?.median);
        let (few, many) = (peak(few)?, peak(many)?);
        met &= many <= few + 8.0;
        figures.push(format!("{mode}: {many:.1} MiB against {few:.1}"));
    }
    Some((figures.join("; "), met))
}

fn idle(results: &Results, state: &str) -> Option<Verdict> {
    let Summary { median, spread } = results.summary(IDLE, state, ORDERED, footprint::USED)?;
    Some((format!("{median:.3} ± {spread:.3} %"), median <= 0.5))
}
