//! The results as Markdown: goals, speeds, what the device did meanwhile, and memory.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use tch::Device;

use crate::contenders::LOOP;
use crate::footprint::{Cache, STAGES, WORKERS};
use crate::goals::{Goal, goals};
use crate::measure::{BATCHES, BUSY, DIFFER, Job, RATE, THREADS};
use crate::results::{Results, Summary};

/// What kind of device a table is of; there is one of each.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Cpu,
    Cuda,
}

impl Kind {
    pub(crate) fn of(device: Device) -> Self {
        if device == Device::Cpu { Self::Cpu } else { Self::Cuda }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        }
    }

    fn figures(self) -> String {
        format!("saturation-{}.tsv", self.name())
    }
}

/// Writes the figures, and the tables: into the README of the folder, or else into a file of their own.
pub(crate) fn keep(results: &Results, kind: Kind, folder: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let Some(folder) = folder else { return Ok(()) };
    results.save(&folder.join(kind.figures()))?;
    show(results, kind, folder)
}

/// The tables anew, of all figures in the folder.
pub(crate) fn show_all(folder: &Path) -> Result<(), Box<dyn Error>> {
    let all = [Kind::Cpu, Kind::Cuda].map(|kind| (kind, folder.join(kind.figures())));
    let mut there = all.iter().filter(|(_, figures)| figures.exists()).peekable();
    if there.peek().is_none() {
        return Err(format!("there are no figures in {}", folder.display()).into());
    }
    there.try_for_each(|(kind, figures)| show(&Results::load(figures)?, *kind, folder))
}

fn show(results: &Results, kind: Kind, folder: &Path) -> Result<(), Box<dyn Error>> {
    let report = report(results, kind);
    let readme = folder.join("README.md");
    let Ok(text) = fs::read_to_string(&readme) else {
        return Ok(fs::write(folder.join(format!("saturation-{}.md", kind.name())), report)?);
    };
    let [begin, end] =
        ["begin", "end"].map(|place| format!("<!-- saturation on {}: {place} -->", kind.name()));
    let (Some(from), Some(to)) = (text.find(&begin), text.find(&end)) else {
        return Err(format!("{} has no place for the tables", readme.display()).into());
    };
    Ok(fs::write(readme, format!("{}{begin}\n\n{report}{}", &text[..from], &text[to..]))?)
}

/// Everything of one device.
pub(crate) fn report(results: &Results, kind: Kind) -> String {
    let told = |name| results.told(name).unwrap_or("unknown");
    let mut text =
        format!("{}; {}.\n\n| goal | measured | |\n| --- | --- | --- |\n", told("run"), told("network"));
    for Goal { what, measured, met } in goals(results, kind) {
        let verdict = match met {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "not measured",
        };
        let _ = writeln!(text, "| {what} | {measured} | {verdict} |");
    }
    for job in Job::ON_GPU {
        text += &of_job(results, job);
    }
    for cache in [Cache::Usual, Cache::Off] {
        text += &memory(results, cache);
    }
    text.push('\n');
    text
}

fn of_job(results: &Results, job: Job) -> String {
    let title = match job {
        Job::Nothing => "Images are ready in memory",
        Job::ScaleDown => "Images must be scaled down",
        Job::NothingForDeep => "Images are ready in memory, for VGG-16",
    };
    if contenders(results, job).is_empty() {
        return String::new();
    }
    let mut text = format!("\n**{title}.**");
    for batch in BATCHES {
        if let Some(about) = results.told(&job.case(batch)) {
            let _ = write!(text, " Batch {batch}: {about} for an image.");
        }
    }
    let speed = |Summary { median, spread }| format!("{median:.0} ± {:.0} %", 100.0 * spread / median);
    text += &table("\n\nImages a second", results, job, |case, name| {
        results.summary(case, name, RATE).map(speed)
    });
    let times = |Summary { median, spread }| format!("{median:.3} ± {spread:.3}");
    text += &table("\nTimes the loop by hand", results, job, |case, name| {
        results.ratio(case, name, LOOP, RATE).map(times)
    });
    let plain = |Summary { median, .. }| format!("{median:.0}");
    let busy = |case: &str, name: &str| results.summary(case, name, BUSY).map(plain);
    text += &table("\nThe GPU computed, in % of the time", results, job, busy);
    let threads = |case: &str, name: &str| results.summary(case, name, THREADS).map(plain);
    text += &table(
        "\nThreads: the workers, and those on which libtorch spreads their operations",
        results,
        job,
        threads,
    );
    let differ = |case: &str, name: &str| {
        results
            .summary(case, name, DIFFER)
            .filter(|share| share.median > 0.0)
            .map(|share| format!("{:.1}", share.median))
    };
    text += &table("\nLabels that are others than one by one, in %", results, job, differ);
    text
}

/// Those of the first batch size that was measured.
fn contenders(results: &Results, job: Job) -> Vec<&str> {
    let of_sizes = BATCHES.map(|batch| results.contenders(&job.case(batch)));
    of_sizes.into_iter().find(|names| !names.is_empty()).unwrap_or_default()
}

/// A row for each contender and a column for each batch size; nothing if all cells are empty.
fn table(title: &str, results: &Results, job: Job, cell: impl Fn(&str, &str) -> Option<String>) -> String {
    let mut text = format!("{title}:\n\n| batch | 1 | 32 | 256 |\n| --- | ---: | ---: | ---: |\n");
    let mut filled = false;
    for name in contenders(results, job) {
        let cells = BATCHES.map(|batch| cell(&job.case(batch), name));
        if cells.iter().all(Option::is_none) {
            continue;
        }
        filled = true;
        let cells = cells.map(|cell| cell.unwrap_or_else(|| "–".to_owned()));
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    }
    if filled { text } else { String::new() }
}

fn memory(results: &Results, cache: Cache) -> String {
    if results.contenders(cache.case()).is_empty() {
        return String::new();
    }
    let what = match cache {
        Cache::Usual => "Memory in MiB, batch 32, above that of a process which has used the device",
        Cache::Off => "The same with `PYTORCH_NO_CUDA_MEMORY_CACHING=1`",
    };
    let mut text = format!(
        "\n{what}:\n\n| workers | {} |\n| --- |{}\n",
        STAGES.join(" | "),
        " ---: |".repeat(STAGES.len())
    );
    for workers in WORKERS {
        let workers = workers.to_string();
        let cells = STAGES.map(|stage| {
            let used = results.summary(cache.case(), &workers, stage);
            used.map_or_else(|| "–".to_owned(), |used| format!("{:.0}", used.median))
        });
        let _ = writeln!(text, "| {workers} | {} |", cells.join(" | "));
    }
    text
}
