//! Parameters from a YAML file, any of them overridden on the command line.
//!
//! `cargo run --example sum_of_powers_yaml -- --exponent 2`

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use easycore::parallel_runner;
use easycore_examples::exit_code;
use serde::Deserialize;

/// What the YAML file holds. The runner takes it as it is: a config is any type.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Powers {
    devices: Vec<String>,
    exponent: u32,
    count: u64,
}

#[parallel_runner(unordered, config = Powers)]
impl SumOfPowers {
    fn producer_work(powers: &Powers, number: u64) -> Result<u64, String> {
        let power = number.checked_pow(powers.exponent);
        power.ok_or_else(|| format!("{number} to the power of {} is too large", powers.exponent))
    }
    fn consumer_init() -> u64 {
        0
    }
    fn consumer_work(sum: &mut u64, power: u64) -> Result<(), &'static str> {
        *sum = sum.checked_add(power).ok_or("the sum is too large")?;
        Ok(())
    }
}

/// Adds up the powers of the numbers from 0.
#[derive(Debug, Parser)]
struct Cli {
    /// A YAML file with `devices`, `exponent` and `count`
    #[arg(long, value_name = "FILE", default_value_os_t = shipped_config())]
    config: PathBuf,
    /// Instead of the file's: devices, one worker each, such as `cpu,cpu`
    #[arg(long, value_delimiter = ',')]
    devices: Option<Vec<String>>,
    /// Instead of the file's: the power that each number is raised to
    #[arg(long, value_name = "N")]
    exponent: Option<u32>,
    /// Instead of the file's: how many numbers
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

impl Cli {
    fn powers(self) -> Result<Powers, Box<dyn Error>> {
        let file = read_config(&self.config)?;
        Ok(Powers {
            devices: self.devices.unwrap_or(file.devices),
            exponent: self.exponent.unwrap_or(file.exponent),
            count: self.count.unwrap_or(file.count),
        })
    }
}

fn main() -> ExitCode {
    exit_code(run(Cli::parse()))
}

fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    let powers = cli.powers()?;
    let (devices, numbers) = (powers.devices.clone(), 0..powers.count);
    let mut sum_of_powers = SumOfPowers::new(devices, powers);
    println!("{}", sum_of_powers.run(numbers)?);
    Ok(sum_of_powers.close()?)
}

fn read_config(path: &Path) -> Result<Powers, String> {
    let text =
        fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_saphyr::from_str(&text)
        // The snippet that the message would show below it takes more than the one line of an error.
        .map_err(|error| format!("{}: {}", path.display(), error.without_snippet()))
}

fn shipped_config() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "sum_of_powers_yaml", "powers.yaml"].iter().collect()
}
