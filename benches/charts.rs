//! Two charts as SVG: what the hand-off adds to an item, and how much faster than a sequential loop everybody is.

use std::fmt::Write as _;

use crate::contenders::{
    CHUNKED, IDEAL, MERGED_INDEXED, ORDERED, ORX_REDUCE, PAR_BRIDGE, PAR_COLLECT, PARITER_TUNED, SEQUENTIAL,
    TOKIO,
};
use crate::results::Results;
use crate::slices::{COSTS, TRIVIAL};
use crate::tables::time;

/// Nothing below this is told from noise, and a logarithmic axis needs a beginning.
const LEAST_ADDED: f64 = 0.1;

/// Those of the second chart, with their colours: all of them would hide each other.
const LINES: [(&str, &str); 9] = [
    (IDEAL, "#999999"),
    (ORDERED, "#d62728"),
    (MERGED_INDEXED, "#ff7f0e"),
    (PAR_COLLECT, "#1f77b4"),
    (PAR_BRIDGE, "#17becf"),
    (PARITER_TUNED, "#2ca02c"),
    (ORX_REDUCE, "#9467bd"),
    (CHUNKED, "#8c564b"),
    (TOKIO, "#333333"),
];

/// A bar for each contender: nanoseconds added to a trivial item, on a logarithmic axis.
pub(crate) fn overhead(results: &Results) -> String {
    let mut added: Vec<(&str, f64)> = results
        .contenders(COSTS)
        .into_iter()
        .filter(|name| ![SEQUENTIAL, IDEAL].contains(name))
        .filter_map(|name| Some((name, results.added(COSTS, TRIVIAL, name)?.median)))
        .collect();
    added.sort_by(|one, other| one.1.total_cmp(&other.1));
    let length = |nanoseconds: f64| 80.0 * (nanoseconds.max(LEAST_ADDED) / LEAST_ADDED).log10();
    let mut svg = canvas(
        "Wall time added to a trivial item, over independent threads (logarithmic)",
        840,
        24 * added.len() + 60,
    );
    let mut y = 60;
    for (name, nanoseconds) in added {
        let colour = if name.starts_with("easycore") { "#d62728" } else { "#7f9fbf" };
        let length = length(nanoseconds);
        text(&mut svg, 310.0, f64::from(y), "end", name);
        let _ = writeln!(
            svg,
            r#"<rect x="320" y="{}" width="{length:.1}" height="16" fill="{colour}"/>"#,
            y - 13
        );
        let label =
            if nanoseconds < LEAST_ADDED { "nothing measurable".to_owned() } else { time(nanoseconds) };
        text(&mut svg, 326.0 + length, f64::from(y), "start", &label);
        y += 24;
    }
    svg + "</svg>\n"
}

/// A line for each of a choice of contenders: the sequential loop's time ÷ theirs, for every cost.
pub(crate) fn speed_up(results: &Results, threads: usize) -> String {
    const LEFT: f64 = 50.0;
    const TOP: f64 = 60.0;
    const WIDTH: f64 = 480.0;
    const HEIGHT: f64 = 300.0;
    let cases = results.cases(COSTS);
    let most = f64::from(u32::try_from(threads).unwrap_or(u32::MAX)) * 1.2;
    let x = |place: usize| LEFT + WIDTH * share(place, cases.len().saturating_sub(1).max(1));
    let y = |speed_up: f64| TOP + HEIGHT * (1.0 - speed_up.min(most) / most);
    let mut svg = canvas("Speed-up over a sequential loop, by the cost of an item", 880, 410);
    for threads in 0..=threads {
        let speed_up = share(threads, 1);
        let _ = writeln!(
            svg,
            r##"<line x1="{LEFT}" x2="{}" y1="{y:.1}" y2="{y:.1}" stroke="#dddddd"/>"##,
            LEFT + WIDTH,
            y = y(speed_up),
        );
        text(&mut svg, LEFT - 8.0, y(speed_up) + 4.0, "end", &format!("{threads}×"));
    }
    for (place, case) in cases.iter().enumerate() {
        text(&mut svg, x(place), TOP + HEIGHT + 20.0, "middle", case);
    }
    for (line, (name, colour)) in LINES.into_iter().enumerate() {
        let point = |(place, case): (usize, &&str)| {
            let speed_up = results.ratio(COSTS, case, SEQUENTIAL, name)?.median;
            Some(format!("{:.1},{:.1}", x(place), y(speed_up)))
        };
        let points: Vec<String> = cases.iter().enumerate().filter_map(point).collect();
        let stroke = format!(r#"fill="none" stroke="{colour}" stroke-width="2""#);
        let _ = writeln!(svg, r#"<polyline points="{}" {stroke}/>"#, points.join(" "));
        let legend = TOP + 24.0 * share(line, 1);
        let (from, to) = (LEFT + WIDTH + 20.0, LEFT + WIDTH + 44.0);
        let _ = writeln!(svg, r#"<line x1="{from}" x2="{to}" y1="{legend}" y2="{legend}" {stroke}/>"#);
        text(&mut svg, to + 6.0, legend + 4.0, "start", name);
    }
    svg + "</svg>\n"
}

fn share(part: usize, whole: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "both are small")]
    let share = part as f64 / whole as f64;
    share
}

/// An empty picture with a title, on white, because a page may be dark.
fn canvas(title: &str, width: usize, height: usize) -> String {
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="white"/>
"#
    );
    text(&mut svg, 20.0, 28.0, "start", title);
    svg
}

/// Backticks are for Markdown, and no name holds anything that SVG would take for its own.
fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let text = text.replace('`', "");
    let _ = writeln!(svg, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#);
}
