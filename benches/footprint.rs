//! Peak memory, and the CPU time of a runner with nothing to do: each in a process of its own, which is this program with
//! another argument, so that nothing else counts.

use std::error::Error;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::contenders::{ORDERED, UNORDERED};
use crate::hooks::started;
use crate::jobs::{Job as _, Trivial};
use crate::machine::{first_line_of, threads};
use crate::measure::{Plan, Series, cpu_time};

/// The argument that makes this program such a child; what to do follows.
pub(crate) const CHILD: &str = "--child";

pub(crate) const COUNTS: [(&str, usize); 3] =
    [("100 thousand items", 100_000), ("1 million items", 1_000_000), ("100 million items", 100_000_000)];
pub(crate) const PEAK: &str = "peak memory, MiB";

pub(crate) const OPEN: &str = "open runner";
pub(crate) const SLOW_SOURCE: &str = "source of 20 items a second";
pub(crate) const IDLE_STATES: [&str; 2] = [OPEN, SLOW_SOURCE];
pub(crate) const USED: &str = "CPU time, % of one core";

pub(crate) fn peaks(plan: &Plan, count: usize) -> Vec<Series> {
    [ORDERED, UNORDERED].map(|mode| series(plan, mode, PEAK, &["memory", mode, &count.to_string()])).into()
}

pub(crate) fn idle(plan: &Plan, state: &str) -> Vec<Series> {
    vec![series(plan, ORDERED, USED, &["idle", state])]
}

fn series(plan: &Plan, contender: &str, metric: &'static str, arguments: &[&str]) -> Series {
    // Nothing here depends on the moment, so that few rounds will do.
    let rounds =
        (0..plan.rounds.min(5)).map(|_| child(arguments).expect("a child measures itself")).collect();
    Series { contender: contender.to_owned(), metric, rounds }
}

/// Starts this program again, and reads the figure that it prints.
fn child(arguments: &[&str]) -> Result<f64, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?).arg(CHILD).args(arguments).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// What the child does.
pub(crate) fn be_child(arguments: &[String]) -> Result<f64, Box<dyn Error>> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["memory", ORDERED, count] => peak::<true>(count.parse()?),
        ["memory", UNORDERED, count] => peak::<false>(count.parse()?),
        ["idle", OPEN] => used_while_open(),
        ["idle", SLOW_SOURCE] => used_while_waiting(),
        ref other => Err(format!("a child knows nothing of {other:?}").into()),
    }
}

/// The peak resident memory, in MiB, of a process that hands over so many trivial items.
fn peak<const ORDERED: bool>(count: usize) -> Result<f64, Box<dyn Error>> {
    let sum = started::<_, ORDERED>(threads(), Trivial).run(0..count)?;
    assert_eq!(sum, (count as u64) * (count as u64 - 1) / 2, "the sum of the items");
    let peak = first_line_of("/proc/self/status", "VmHWM").ok_or("the system does not tell peak memory")?;
    Ok(peak.trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}

/// The CPU time of a runner that is open and warm and not running, in percent of one core.
fn used_while_open() -> Result<f64, Box<dyn Error>> {
    let mut runner = started::<_, true>(threads(), Trivial);
    runner.run(0..1_000_000)?;
    Ok(used(|| thread::sleep(Duration::from_secs(2))))
}

/// The CPU time of a runner that waits for its source most of the time, in percent of one core.
fn used_while_waiting() -> Result<f64, Box<dyn Error>> {
    let mut runner = started::<_, true>(threads(), Trivial);
    let slow = (0..40).map(|index| {
        thread::sleep(Duration::from_millis(50));
        Trivial.item(index)
    });
    let mut sum = Ok(0);
    let used = used(|| sum = runner.run(slow));
    assert_eq!(sum?, 780, "the sum of the items");
    Ok(used)
}

fn used(doing: impl FnOnce()) -> f64 {
    let (cpu, begun) = (cpu_time(), Instant::now());
    doing();
    100.0 * cpu_time().saturating_sub(cpu).as_secs_f64() / begun.elapsed().as_secs_f64()
}
