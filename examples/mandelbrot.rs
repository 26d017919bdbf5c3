//! Renders the Mandelbrot set line by line and writes each line as soon as those above it are written:
//! `cargo run --release --example mandelbrot`.
//!
//! Lines through the middle of the set take a hundred times as long as those at the edges, so workers take lines as they
//! become free; the picture is written in order all the same.

use std::cell::RefCell;
use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

use clap::Parser;
use easycore::{HookError, Options, parallel_runner};
use easycore_examples::mandelbrot::Picture;
use easycore_examples::{WholeFile, cores, exit_code};
use png::{BitDepth, ColorType, Encoder, StreamWriter};

/// What is rendered, and to which file.
struct Job {
    picture: Picture,
    out: PathBuf,
}

#[parallel_runner(ordered, config = Job)]
impl Renderer {
    fn producer_work(job: &Job, line: u32) -> Vec<u8> {
        job.picture.line(line)
    }
    fn consumer_init(job: &Job) -> Result<PngFile, HookError> {
        PngFile::create(job)
    }
    fn consumer_work(file: &mut PngFile, pixels: Vec<u8>) -> io::Result<()> {
        file.pixels.write_all(&pixels)
    }
    fn consumer_end(file: PngFile) -> Result<(), HookError> {
        file.finish()
    }
}

/// A PNG file that is written line by line. A consumer's state needs no `Send`, so it may hold an `Rc`.
struct PngFile {
    pixels: StreamWriter<'static, Shared>,
    file: Shared,
}

impl PngFile {
    fn create(job: &Job) -> Result<Self, HookError> {
        let file = Shared(Rc::new(RefCell::new(WholeFile::create(&job.out)?)));
        let mut png = Encoder::new(file.clone(), job.picture.width, job.picture.height);
        png.set_color(ColorType::Rgb);
        png.set_depth(BitDepth::Eight);
        Ok(Self { pixels: png.write_header()?.into_stream_writer()?, file })
    }

    fn finish(self) -> Result<(), HookError> {
        self.pixels.finish()?;
        let file = Rc::into_inner(self.file.0).expect("the encoder, the only other owner, is gone");
        Ok(file.into_inner().commit()?)
    }
}

/// The file is needed once more when the encoder, which keeps what it writes to, is done with it.
#[derive(Clone)]
struct Shared(Rc<RefCell<WholeFile>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

/// Renders the Mandelbrot set.
#[derive(Debug, Parser)]
struct Cli {
    /// Width in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 1920, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    width: u32,
    /// Height in pixels: how many lines there are to render
    #[arg(long, value_name = "PIXELS", default_value_t = 1080, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    height: u32,
    /// How often each point is iterated at most
    #[arg(long, value_name = "N", default_value_t = 1000)]
    iterations: u32,
    /// How many lines to render at a time [default: one per core]
    #[arg(long, value_name = "N", default_value_t = cores(), hide_default_value = true)]
    workers: usize,
    /// The picture, as PNG
    #[arg(long, value_name = "FILE", default_value = "mandelbrot.png")]
    out: PathBuf,
}

fn main() -> ExitCode {
    exit_code(run(Cli::parse()))
}

fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    let Cli { width, height, iterations, workers, out } = cli;
    let picture = Picture { width, height, iterations };
    // Enough to render on while the slowest lines hold the others up, and little enough to forget: a line is large.
    let options = Options::new().window(workers.saturating_mul(256).max(1));
    let mut renderer = Renderer::new(workers, Job { picture, out: out.clone() }).options(options);
    renderer.run(0..height)?;
    if let Some(report) = renderer.report() {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{}: {height} lines, {:.0} lines/s", out.display(), report.items_per_second())?;
        writeln!(stdout, "{report}")?;
    }
    Ok(renderer.close()?)
}
