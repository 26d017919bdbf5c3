//! Labels 1,797 real handwritten digits, one convolutional network per worker: `cargo run --release --example digits`.
//!
//! The runner hands the network 32 digits at a time, and takes them and gives the labels out one by one.
//!
//! On Linux candle reads the number of cores from a file before each matrix product, and tries to share the product among
//! them, though every core has a worker already. `RAYON_NUM_THREADS=1` in the environment ends that. On two cores it takes
//! this program from 9,000 to 52,000 digits per second; what the batches bring shows only then: one by one it is 43,000
//! (medians of a few runs; without the variable 12,000 one by one).

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::available_parallelism;

use candle_core::Device;
use clap::Parser;
use easycore::{Options, parallel_runner};
use easycore_examples::digits::{
    Digit, Digits, ModelError, Network, SHIPPED_ROWS, is_held_out, shipped_data, shipped_weights,
};
use easycore_examples::{exit_code, percent};
use indicatif::style::TemplateError;
use indicatif::{ProgressBar, ProgressStyle};

/// What every hook may read.
struct Job {
    weights: PathBuf,
    progress: ProgressBar,
}

/// What the network said about one digit.
struct Labelled {
    row: usize,
    label: u8,
    truth: u8,
}

#[parallel_runner(ordered, config = Job, batch = 32)]
impl OrderedLabeller {
    fn producer_init(device: &Device, job: &Job) -> Result<Network, ModelError> {
        Network::load(&job.weights, device)
    }
    fn producer_work(network: &mut Network, digits: Vec<Digit>) -> Result<Vec<Labelled>, ModelError> {
        Labelled::all(network, &digits)
    }
    fn consumer_init() -> Vec<Labelled> {
        Vec::new()
    }
    fn consumer_work(job: &Job, labels: &mut Vec<Labelled>, labelled: Labelled) {
        job.progress.inc(1);
        labels.push(labelled);
    }
}

#[parallel_runner(unordered, config = Job, batch = 32)]
impl UnorderedLabeller {
    fn producer_init(device: &Device, job: &Job) -> Result<Network, ModelError> {
        Network::load(&job.weights, device)
    }
    fn producer_work(network: &mut Network, digits: Vec<Digit>) -> Result<Vec<Labelled>, ModelError> {
        Labelled::all(network, &digits)
    }
    fn consumer_init() -> Vec<Labelled> {
        Vec::new()
    }
    fn consumer_work(job: &Job, labels: &mut Vec<Labelled>, labelled: Labelled) {
        job.progress.inc(1);
        labels.push(labelled);
    }
    fn consumer_end(mut labels: Vec<Labelled>) -> Vec<Labelled> {
        labels.sort_by_key(|labelled| labelled.row);
        labels
    }
}

impl Labelled {
    fn all(network: &Network, digits: &[Digit]) -> Result<Vec<Self>, ModelError> {
        let labels = network.labels(digits)?;
        Ok(digits
            .iter()
            .zip(labels)
            .map(|(digit, label)| Self { row: digit.row, label, truth: digit.label })
            .collect())
    }

    fn is_correct(&self) -> bool {
        self.label == self.truth
    }
}

/// Labels handwritten digits and tells how many of the labels are right.
#[derive(Debug, Parser)]
struct Cli {
    /// Where to work, such as `cpu,cpu` [default: cpu]
    #[arg(long, value_name = "LIST")]
    devices: Option<String>,
    /// Workers for each mention of a device [default: 1, or one per core without --devices]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    /// Take labels in input order (the default)
    #[arg(long, conflicts_with = "unordered")]
    ordered: bool,
    /// Take labels as they are finished
    #[arg(long)]
    unordered: bool,
    /// Other digits than the shipped ones: CSV, gzipped or plain, 64 pixels (0 to 16) and the label (0 to 9) a row
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// The weights that `train_digits` wrote
    #[arg(long, value_name = "FILE", default_value_os_t = shipped_weights())]
    weights: PathBuf,
    /// Write the labels to a CSV file, in input order
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    exit_code(run(&Cli::parse()))
}

fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let digits = Digits::open(&cli.data.clone().unwrap_or_else(shipped_data))?;
    let progress = progress(cli)?;
    let outcome = label(cli, digits, progress.clone());
    // Before anything else is written to the terminal, an error included.
    progress.finish_and_clear();
    let (labels, report) = outcome?;

    if let Some(out) = &cli.out {
        write_labels(out, &labels).map_err(|error| format!("cannot write {}: {error}", out.display()))?;
    }
    let mut stdout = io::stdout().lock();
    if cli.data.is_none() {
        let held_out = labels.iter().filter(|labelled| is_held_out(labelled.row));
        writeln!(stdout, "accuracy on the held-out digits: {}", accuracy(held_out))?;
    }
    writeln!(stdout, "accuracy on all digits, seen in training or not: {}", accuracy(labels.iter()))?;
    writeln!(stdout, "{report}")?;
    Ok(())
}

fn progress(cli: &Cli) -> Result<ProgressBar, TemplateError> {
    // Other data may come from a pipe: how many digits there are is known when they have been read.
    let (progress, template) = match &cli.data {
        None => (ProgressBar::new(SHIPPED_ROWS as u64), "{wide_bar} {pos}/{len} digits"),
        Some(_) => (ProgressBar::no_length(), "{spinner} {pos} digits"),
    };
    Ok(progress.with_style(ProgressStyle::with_template(template)?))
}

/// The labels in input order, and what the workers did.
fn label(
    cli: &Cli,
    digits: Digits,
    progress: ProgressBar,
) -> Result<(Vec<Labelled>, String), easycore::Error> {
    let cores = || available_parallelism().map_or(1, NonZero::get);
    let workers = cli.workers.unwrap_or_else(|| if cli.devices.is_some() { 1 } else { cores() });
    let devices = cli.devices.as_deref().unwrap_or("cpu");
    let options = Options::new().workers_per_device(workers);
    let job = Job { weights: cli.weights.clone(), progress };
    if cli.unordered {
        let mut labeller = UnorderedLabeller::new(devices, job).options(options);
        let labels = labeller.try_run(digits)?;
        Ok((labels, labeller.report().map(ToString::to_string).unwrap_or_default()))
    } else {
        let mut labeller = OrderedLabeller::new(devices, job).options(options);
        let labels = labeller.try_run(digits)?;
        Ok((labels, labeller.report().map(ToString::to_string).unwrap_or_default()))
    }
}

fn accuracy<'a>(labels: impl Iterator<Item = &'a Labelled> + Clone) -> String {
    percent(labels.clone().filter(|labelled| labelled.is_correct()).count(), labels.count())
}

fn write_labels(path: &Path, labels: &[Labelled]) -> io::Result<()> {
    let mut csv = BufWriter::new(File::create(path)?);
    writeln!(csv, "row,label")?;
    for Labelled { row, label, .. } in labels {
        writeln!(csv, "{row},{label}")?;
    }
    csv.flush()
}
