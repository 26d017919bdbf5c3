//! The results as Markdown: a table of wall time and one of CPU time for each slice, and a line on where they come from.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::footprint;
use crate::machine::COMMAND;
use crate::measure::{CPU, WALL};
use crate::promises::{Promise, promises};
use crate::results::{Results, Summary};
use crate::slices::{CONSUMER, COSTS, IDLE, MEMORY, ONE_STRAGGLER, SIZES, STRAGGLERS, UNLIKE};

const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

const TIMED: [(&str, &str); 4] = [
    (COSTS, "Cost of an item"),
    (STRAGGLERS, "One item in 101 takes a hundred times as long"),
    (SIZES, "Size of an item"),
    (CONSUMER, "A consumer that takes half as long as a worker"),
];
const OTHERS: [(&str, &str); 4] = [
    (ONE_STRAGGLER, "One item takes a thousand times as long, ordered"),
    (UNLIKE, "A device that takes forty times as long as the other"),
    (MEMORY, "Peak memory"),
    (IDLE, "Idle"),
];

/// Everything between the markers of the README; the charts lie next to it.
pub(crate) fn report(results: &Results, charts: &[&str]) -> String {
    let mut text = String::from("## What was promised, and what was measured\n\n");
    text.push_str("| promise | measured | |\n| --- | --- | --- |\n");
    for Promise { what, measured, met } in promises(results) {
        let verdict = match met {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "not measured",
        };
        let _ = writeln!(text, "| {what} | {measured} | {verdict} |");
    }
    text.push('\n');
    for chart in charts {
        let _ = writeln!(text, "![{}]({chart})\n", chart.trim_end_matches(".svg").replace('_', " "));
    }
    for (slice, title) in TIMED {
        if !results.cases(slice).is_empty() {
            let _ = writeln!(text, "## {title}\n\n{}", provenance(results, slice));
            let _ = writeln!(text, "Wall time of an item:\n\n{}", times(results, slice, WALL));
            let _ = writeln!(
                text,
                "CPU time of an item, on all threads together:\n\n{}",
                times(results, slice, CPU)
            );
        }
    }
    for (slice, title) in OTHERS {
        if !results.cases(slice).is_empty() {
            let _ =
                writeln!(text, "## {title}\n\n{}\n{}", provenance(results, slice), figures(results, slice));
        }
    }
    text
}

/// Replaces what stands between the markers of `template`, and writes it to `target`.
pub(crate) fn write(template: &Path, target: &Path, report: &str) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(template)?;
    let (Some(begin), Some(end)) = (text.find(BEGIN), text.find(END)) else {
        return Err(format!("{} has no place for the tables", template.display()).into());
    };
    Ok(fs::write(target, format!("{}{BEGIN}\n\n{report}{}", &text[..begin], &text[end..]))?)
}

fn provenance(results: &Results, slice: &str) -> String {
    let mut lines = String::new();
    for about in results.abouts(slice) {
        let _ = writeln!(lines, "`{COMMAND}`: {about}.");
    }
    lines
}

/// A row for each contender, a column for each case.
fn times(results: &Results, slice: &str, metric: &str) -> String {
    let cases = results.cases(slice);
    let mut table = head("", &cases);
    for contender in results.contenders(slice) {
        let _ = write!(table, "| {contender} |");
        for case in &cases {
            let cell =
                results.summary(slice, case, contender, metric).map_or_else(|| "–".to_owned(), spread_time);
            let _ = write!(table, " {cell} |");
        }
        table.push('\n');
    }
    table
}

/// A row for each contender and figure, a column for each case.
fn figures(results: &Results, slice: &str) -> String {
    let cases = results.cases(slice);
    let mut table = head("", &cases);
    for contender in results.contenders(slice) {
        for metric in results.metrics(slice) {
            let _ = write!(table, "| {contender}: {metric} |");
            for case in &cases {
                let cell = results.summary(slice, case, contender, metric);
                let cell = cell.map_or_else(
                    || "–".to_owned(),
                    |Summary { median, spread }| {
                        let digits = if metric == footprint::USED { 3 } else { 1 };
                        format!("{median:.digits$} ± {spread:.digits$}")
                    },
                );
                let _ = write!(table, " {cell} |");
            }
            table.push('\n');
        }
    }
    table
}

fn head(first: &str, columns: &[&str]) -> String {
    let rule = " ---: |".repeat(columns.len());
    format!("| {first} | {} |\n| --- |{rule}\n", columns.join(" | "))
}

fn spread_time(Summary { median, spread }: Summary) -> String {
    format!("{} ± {:.0} %", time(median), 100.0 * spread / median)
}

/// Nanoseconds in the unit that suits them, with three digits.
pub(crate) fn time(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds.abs() {
        size if size < 1e3 => (nanoseconds, "ns"),
        size if size < 1e6 => (nanoseconds / 1e3, "µs"),
        _ => (nanoseconds / 1e6, "ms"),
    };
    let digits = match value.abs() {
        size if size < 10.0 => 2,
        size if size < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}
