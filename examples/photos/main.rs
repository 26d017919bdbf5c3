//! Sharpens and shrinks a folder of photographs: `cargo run --release --example photos -- IN OUT`.
//!
//! Two runners, the second fed by the outputs of the first. A single one would be as fast on CPU cores alone, and hold
//! fewer photographs at a time. What two bring is that each stage has its own devices, warm state and rules: decoding stays
//! on the CPU when improving moves to GPUs, and `--skip` forgives a photograph that cannot be read, never a disk that is
//! full.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use easycore::{OnError, Options, parallel_runner};
use easycore_examples::photos::{Look, Photo, PhotoError, list, shipped_photos};
use easycore_examples::{WholeFile, cores, exit_code};

/// Unordered, as each photograph goes to a file of its own: none waits for another.
#[parallel_runner(unordered)]
impl Decoder {
    fn producer_work(path: PathBuf) -> Result<Photo, PhotoError> {
        Photo::decode(&path)
    }
}

/// What every hook of the second stage may read.
struct Job {
    look: Look,
    out: PathBuf,
}

/// A photograph as it shall stand in its file.
struct Encoded {
    name: OsString,
    bytes: Vec<u8>,
}

#[parallel_runner(unordered, config = Job)]
impl Improver {
    fn producer_work(job: &Job, photo: Photo) -> Result<Encoded, PhotoError> {
        let photo = job.look.apply(photo);
        Ok(Encoded { bytes: photo.encode()?, name: photo.name })
    }
    fn consumer_init() -> usize {
        0
    }
    fn consumer_work(job: &Job, written: &mut usize, photo: Encoded) -> io::Result<()> {
        let mut file = WholeFile::create(&job.out.join(photo.name))?;
        file.write_all(&photo.bytes)?;
        *written += 1;
        file.commit()
    }
}

/// Adds contrast to a folder of photographs, shrinks and sharpens them.
#[derive(Debug, Parser)]
struct Cli {
    /// A folder of JPEG and PNG files, told by .jpg, .jpeg or .png
    #[arg(value_name = "IN", default_value_os_t = shipped_photos())]
    input: PathBuf,
    /// The folder to write them to, under the same names; it is made if need be
    #[arg(default_value = "improved")]
    out: PathBuf,
    /// The longest side that a photograph may have; smaller ones keep their size
    #[arg(long, value_name = "PIXELS", default_value_t = 320, value_parser = clap::value_parser!(u32).range(1..))]
    size: u32,
    /// How much contrast to add
    #[arg(long, value_name = "PERCENT", default_value_t = 10.0, value_parser = percent, allow_negative_numbers = true)]
    contrast: f32,
    /// How far to sharpen; 0 does not
    #[arg(long, value_name = "RADIUS", default_value_t = 1.0, value_parser = radius)]
    sharpen: f32,
    /// How many photographs that cannot be read to leave out; one more is an error
    #[arg(long, value_name = "N", default_value_t = 0)]
    skip: usize,
    /// Workers for each of the two stages [default: one per core]
    #[arg(long, value_name = "N", default_value_t = cores(), hide_default_value = true)]
    workers: usize,
}

fn percent(text: &str) -> Result<f32, String> {
    number_within(-100.0..=100.0, text)
}

fn radius(text: &str) -> Result<f32, String> {
    number_within(0.0..=100.0, text)
}

fn number_within(range: RangeInclusive<f32>, text: &str) -> Result<f32, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("expected a number from {} to {}", range.start(), range.end()))
}

fn main() -> ExitCode {
    exit_code(run(Cli::parse()))
}

fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    let Cli { input, out, size, contrast, sharpen, skip, workers } = cli;
    let photos = list(&input)?;
    make_output_folder(&out, &input)?;

    // A decoded photograph is large, and each stage holds as many as its window lets it.
    let options = Options::new().window(workers.saturating_mul(2).max(1));
    let job = Job { look: Look { contrast, longest_side: size, sharpen }, out: out.clone() };
    let mut decoder = Decoder::new(workers).options(options.clone().on_error(OnError::skip(skip)));
    let mut improver = Improver::new(workers, job).options(options);
    let written = improver.try_run(decoder.stream(photos))?;

    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{written} photographs are in {}", out.display())?;
    if let Some(report) = improver.report() {
        writeln!(stdout, "{report}")?;
    }
    if let Some(report) = decoder.report() {
        for photo in report.skipped_items() {
            writeln!(stdout, "skipped: {photo}")?;
        }
    }
    improver.close()?;
    Ok(decoder.close()?)
}

/// Makes the folder, and sees to it that no photograph is written over.
fn make_output_folder(out: &Path, input: &Path) -> Result<(), String> {
    let make = || -> io::Result<bool> {
        fs::create_dir_all(out)?;
        Ok(out.canonicalize()? == input.canonicalize()?)
    };
    match make() {
        Ok(false) => Ok(()),
        Ok(true) => Err(format!("{} holds the photographs themselves: name another folder", out.display())),
        Err(error) => Err(format!("cannot write to {}: {error}", out.display())),
    }
}
