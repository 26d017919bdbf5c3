//! What was measured where and when, for the record.

use std::fs;
use std::num::NonZero;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::measure::Plan;

pub(crate) const COMMAND: &str = "cargo bench -p easycore-benches";

/// How many threads everybody gets: as many as there are cores for this process.
pub(crate) fn threads() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// One line: date, rounds, machine.
pub(crate) fn about(plan: &Plan) -> String {
    let cpu = first_line_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown CPU".to_owned());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_else(|_| "unknown".to_owned());
    format!(
        "{}, {} rounds of at least {} ms, {cpu}, {} cores, kernel {}",
        today(),
        plan.rounds,
        plan.round_time.as_millis(),
        threads(),
        kernel.trim(),
    )
}

/// The value of the first line `key: value` of a file under `/proc`.
pub(crate) fn first_line_of(path: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

/// Today in UTC, as year-month-day.
fn today() -> String {
    let mut days =
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs() / 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", days + 1)
}
