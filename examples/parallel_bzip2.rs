//! Compresses and decompresses with bzip2 on all cores, in memory that does not grow with the file:
//! `cargo run --release --example parallel_bzip2 -- compress IN OUT`, and `decompress IN OUT`.
//!
//! A compressed file is one stream per block, one after the other, as `bzip2 -d` reads it. Decompression is parallel where
//! the file has several streams; the single stream that `bzip2` itself writes is decompressed on one core.

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use easycore::{Options, Report, parallel_runner};
use easycore_examples::bz2::{Blocks, DecodeError, Decoder, Piece, Pieces, Prefetched, compress};
use easycore_examples::{WholeFile, cores, exit_code};

/// What every hook of the compressor may read.
struct Compression {
    out: PathBuf,
    level: u32,
}

#[parallel_runner(ordered, config = Compression)]
impl Compressor {
    fn producer_work(job: &Compression, block: Vec<u8>) -> io::Result<Vec<u8>> {
        compress(&block, job.level)
    }
    fn consumer_init(job: &Compression) -> io::Result<WholeFile> {
        WholeFile::create(&job.out)
    }
    fn consumer_work(out: &mut WholeFile, stream: Vec<u8>) -> io::Result<()> {
        out.write_all(&stream)
    }
    fn consumer_end(out: WholeFile) -> io::Result<()> {
        out.commit()
    }
}

/// What every hook of the decompressor may read.
struct Decompression {
    input: PathBuf,
    out: PathBuf,
}

/// Where a piece of the file begins with a stream is a guess until everything before it has been decompressed. So the
/// workers decompress ahead, and the consumer, which sees the pieces in order, takes what they did where the guess was
/// right. A fault is an error only if the consumer meets it, too.
#[parallel_runner(ordered, config = Decompression)]
impl Decompressor {
    fn producer_work(piece: Piece) -> Prefetched {
        Prefetched::new(piece)
    }
    fn consumer_init(job: &Decompression) -> io::Result<(Decoder, WholeFile)> {
        Ok((Decoder::new(&job.input), WholeFile::create(&job.out)?))
    }
    fn consumer_work((decoder, out): &mut (Decoder, WholeFile), next: Prefetched) -> Result<(), DecodeError> {
        decoder.decode(next, out)
    }
    fn consumer_end((decoder, out): (Decoder, WholeFile)) -> Result<(), DecodeError> {
        decoder.finish()?;
        Ok(out.commit()?)
    }
}

/// Compresses and decompresses files with bzip2, in parallel.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compress a file
    Compress {
        #[command(flatten)]
        files: Files,
        /// 1 compresses in blocks of 100 kB, 9 in blocks of 900 kB: larger ones compress better and take more memory
        #[arg(long, value_name = "1-9", default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=9))]
        level: u32,
    },
    /// Decompress a file
    Decompress {
        #[command(flatten)]
        files: Files,
    },
}

#[derive(Debug, Args)]
struct Files {
    /// The file to read
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The file to write; what is there is replaced once all has gone well
    out: PathBuf,
    /// How many blocks to work on at a time [default: one per core]
    #[arg(long, value_name = "N", default_value_t = cores(), hide_default_value = true)]
    workers: usize,
}

fn main() -> ExitCode {
    exit_code(run(Cli::parse()))
}

fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    match cli.command {
        Command::Compress { files: Files { input, out, workers }, level } => {
            let blocks = Blocks::open(&input, level)?;
            let job = Compression { out: out.clone(), level };
            let mut compressor = Compressor::new(workers, job).options(options(workers));
            compressor.try_run(blocks)?;
            print_summary(&input, &out, compressor.report())?;
            Ok(compressor.close()?)
        }
        Command::Decompress { files: Files { input, out, workers } } => {
            let pieces = Pieces::open(&input)?;
            let job = Decompression { input: input.clone(), out: out.clone() };
            let mut decompressor = Decompressor::new(workers, job).options(options(workers));
            decompressor.try_run(pieces)?;
            print_summary(&input, &out, decompressor.report())?;
            Ok(decompressor.close()?)
        }
    }
}

/// Blocks are large, so their number in flight bounds the memory; each takes long, so a few for each worker are enough.
fn options(workers: usize) -> Options {
    const BLOCKS_PER_WORKER: usize = 4;
    Options::new().window(workers.saturating_mul(BLOCKS_PER_WORKER).max(1))
}

fn print_summary(input: &Path, out: &Path, report: Option<&Report>) -> io::Result<()> {
    let size = |path: &Path| path.metadata().map(|file| file.len());
    let (from, to) = (input.display(), out.display());
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{from} ({} bytes) -> {to} ({} bytes)", size(input)?, size(out)?)?;
    if let Some(report) = report {
        writeln!(stdout, "{report}")?;
    }
    Ok(())
}
