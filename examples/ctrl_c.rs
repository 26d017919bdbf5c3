//! A search without an end that Ctrl-C ends: `cargo run --release --example ctrl_c`.
//!
//! The first Ctrl-C drains the run: nothing new is begun, what has begun is finished, and the run succeeds. The second cancels
//! it: what has begun is dropped. Either way the program says where to go on.

use std::error::Error;
use std::io::{self, Write};
use std::ops::Range;
use std::process::ExitCode;

use clap::Parser;
use easycore::{Canceller, ErrorKind, Worker, parallel_runner};
use easycore_examples::{cores, exit_code};

/// What a shell expects of a program that Ctrl-C has ended: 128 and the number of the signal.
const INTERRUPTED: u8 = 130;

/// A number, and how many steps of `n / 2` or `3n + 1` lead from it to 1.
#[derive(Debug, Default, Clone, Copy)]
struct Chain {
    start: u64,
    steps: u32,
}

impl Chain {
    fn from(start: u64) -> Self {
        let (mut number, mut steps) = (u128::from(start), 0);
        while number != 1 {
            number = if number.is_multiple_of(2) { number / 2 } else { 3 * number + 1 };
            steps += 1;
        }
        Self { start, steps }
    }
}

/// Looks for longer and longer chains, block by block.
#[parallel_runner(ordered, config = Cli)]
impl Search {
    fn producer_init(worker: &Worker) -> Worker {
        worker.clone()
    }
    fn producer_work(cli: &Cli, worker: &mut Worker, block: Range<u64>) -> Chain {
        if cli.verbose {
            eprintln!("checking {} to {}", block.start, block.end - 1);
        }
        let mut longest = Chain::default();
        // A cancelled run returns when its hooks do, so one that takes long asks now and then.
        for start in block.take_while(|start| !start.is_multiple_of(1_024) || !worker.is_cancelled()) {
            let chain = Chain::from(start);
            if chain.steps > longest.steps {
                longest = chain;
            }
        }
        longest
    }
    fn consumer_init() -> Chain {
        Chain::default()
    }
    fn consumer_work(longest: &mut Chain, chain: Chain) -> io::Result<()> {
        if chain.steps > longest.steps {
            *longest = chain;
            writeln!(io::stdout(), "{} steps from {}", chain.steps, chain.start)?;
        }
        Ok(())
    }
}

/// Looks for longer and longer Collatz chains, until Ctrl-C.
#[derive(Debug, Clone, Parser)]
struct Cli {
    /// The first number to check
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=LAST))]
    from: u64,
    /// The last number to check
    #[arg(long, value_name = "NUMBER", default_value_t = LAST, hide_default_value = true, value_parser = clap::value_parser!(u64).range(1..=LAST))]
    to: u64,
    /// How many numbers a worker checks at a time
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=LAST))]
    block: u64,
    /// How many blocks to check at a time [default: one per core]
    #[arg(long, value_name = "N", default_value_t = cores(), hide_default_value = true)]
    workers: usize,
    /// Say which blocks are begun
    #[arg(long)]
    verbose: bool,
}

/// No chain from here or below grows out of 128 bits.
const LAST: u64 = 1 << 60;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => exit_code(Err(error)),
    }
}

fn run(cli: Cli) -> Result<ExitCode, Box<dyn Error>> {
    let Cli { from, to, block, workers, .. } = cli;
    if from > to {
        return Err(format!("there is nothing from {from} to {to}: `--to` is the last number").into());
    }
    let step = usize::try_from(block)?;
    let blocks = (from..=to).step_by(step).map(move |start| start..(start + block).min(to + 1));
    let mut search = Search::new(workers, cli);
    end_on_ctrl_c(search.canceller())?;

    let outcome = search.run(blocks);
    // An ordered run has consumed its outputs in a row from the first on, also when it was cancelled.
    let blocks = search.report().map_or(0, |report| report.consumed() as u64);
    let next = (from + blocks * block).min(to + 1);
    let code = match outcome {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::Cancelled => ExitCode::from(INTERRUPTED),
        Err(error) => return Err(error.into()),
    };
    writeln!(io::stdout(), "{} numbers checked; go on with --from {next}", next - from)?;
    search.close()?;
    Ok(code)
}

/// Has the first Ctrl-C drain the run, and every other one cancel it. The handler runs on a thread of its own.
fn end_on_ctrl_c(canceller: Canceller) -> Result<(), ctrlc::Error> {
    let mut pressed = false;
    ctrlc::set_handler(move || {
        if pressed {
            canceller.cancel();
        } else {
            pressed = true;
            eprintln!("finishing what has begun; press Ctrl-C again to drop it");
            canceller.drain();
        }
    })
}
