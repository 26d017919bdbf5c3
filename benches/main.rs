//! What the hand-off of an item costs, beside the peers, in one process: the same work, the same number of threads, checked
//! results, interleaved rounds. Writes `results.tsv`, and from it the tables of `README.md` and the charts.
//!
//! `cargo bench -p easycore-benches [-- [--quick] [PART …]]`; a part is some of a case's name, such as `trivial` or `memory`,
//! and `none` measures nothing but shows again what is known.

mod charts;
mod contenders;
mod footprint;
mod hooks;
mod jobs;
mod machine;
mod measure;
mod peers;
mod promises;
mod results;
mod slices;
mod straggler;
mod tables;
mod unlike;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::measure::Plan;
use crate::results::Results;

const OVERHEAD: &str = "overhead.svg";
const SPEED_UP: &str = "speed_up.svg";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == footprint::CHILD) {
        println!("{}", footprint::be_child(&arguments[1..])?);
        return Ok(());
    }
    if !arguments.iter().any(|argument| argument == "--bench") {
        // `cargo test --all-targets` starts benchmarks too.
        println!("this takes minutes and is run by `{}`", machine::COMMAND);
        return Ok(());
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    arguments.retain(|argument| !argument.starts_with("--"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Quick figures are nobody's business.
    let (plan, target) =
        if quick { (Plan::QUICK, Path::new(env!("CARGO_TARGET_TMPDIR"))) } else { (Plan::FULL, source) };

    let file = target.join("results.tsv");
    let mut results = Results::load(&file)?;
    let cases = slices::cases();
    for case in &cases {
        let name = format!("{}/{}", case.slice, case.name);
        if !arguments.is_empty() && !arguments.iter().any(|part| name.contains(part)) {
            continue;
        }
        let begun = Instant::now();
        let series = (case.measure)(&plan);
        results.replace(case, &machine::about(&plan), series, &cases);
        results.save(&file)?;
        eprintln!("{name}: measured in {:.1} s", begun.elapsed().as_secs_f64());
    }

    let report = tables::report(&results, &[OVERHEAD, SPEED_UP]);
    println!("{report}");
    fs::write(target.join(OVERHEAD), charts::overhead(&results))?;
    fs::write(target.join(SPEED_UP), charts::speed_up(&results, machine::threads()))?;
    tables::write(&source.join("README.md"), &target.join("README.md"), &report)?;
    eprintln!("written to {}", target.display());
    Ok(())
}
