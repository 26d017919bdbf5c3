//! What the program was asked for.

use std::path::PathBuf;

use clap::Parser;
use tch::Device;

use crate::contenders::Failure;
use crate::measure::{Job, Plan};

/// Measures how well a device is kept busy by the runner, beside a loop by hand that does the same.
#[derive(Debug, Parser)]
#[command(args_override_self = true)]
struct Cli {
    /// What is measured or checked: `cpu`, or `cuda:N`
    #[arg(long, value_parser = device, required_unless_present = "show")]
    device: Option<Device>,
    /// How many rounds to measure
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Measure this case only, such as `ready 32`; may be given several times
    #[arg(long, value_name = "CASE", conflicts_with_all = ["check", "show"])]
    only: Vec<String>,
    /// See whether everything works; the figures mean nothing
    #[arg(long)]
    quick: bool,
    /// Check what can only be checked on a device, in place of measuring
    #[arg(long, conflicts_with = "quick")]
    check: bool,
    /// Make the tables anew of what is in the folder, in place of measuring
    #[arg(long, requires = "out", conflicts_with_all = ["quick", "check"])]
    show: bool,
    /// Where to keep figures and tables: the tables go into the README there, if there is one
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Be the process that the memory of so many workers is measured in
    #[arg(long, value_name = "WORKERS", hide = true)]
    footprint: Option<usize>,
}

/// What to do.
pub(crate) enum Task {
    Measure {
        device: Device,
        plan: Plan,
        /// All cases, and the memory of workers, if it is `None`.
        only: Option<Vec<(Job, usize)>>,
        folder: Option<PathBuf>,
    },
    Check(Device),
    Show(PathBuf),
    /// To be the child that so many workers' memory is measured in.
    Footprint(Device, usize),
}

impl Task {
    pub(crate) fn read() -> Result<Self, Failure> {
        let Cli { device, rounds, only, quick, check, show, out, footprint } = Cli::parse();
        let Some(device) = device.filter(|_| !show) else {
            return Ok(Self::Show(out.ok_or("--show takes a folder: --out FOLDER")?));
        };
        if let Some(workers) = footprint {
            return Ok(Self::Footprint(device, workers));
        }
        if check {
            return Ok(Self::Check(device));
        }
        let mut plan = if quick { Plan::QUICK } else { Plan::FULL };
        plan.rounds = rounds.map_or(plan.rounds, usize::from);
        let only = if only.is_empty() { None } else { Some(cases(&only, &plan.cases(device))?) };
        Ok(Self::Measure { device, plan, only, folder: out })
    }
}

fn device(name: &str) -> Result<Device, String> {
    match name.parse::<easycore::Device>().map_err(|error| error.to_string())?.into() {
        device @ (Device::Cpu | Device::Cuda(_)) => Ok(device),
        _ => Err("only `cpu` and `cuda:N` can be measured".to_owned()),
    }
}

/// Those of `all` that have these names.
fn cases(names: &[String], all: &[(Job, usize)]) -> Result<Vec<(Job, usize)>, Failure> {
    let find = |name: &String| {
        all.iter().copied().find(|(job, batch)| job.case(*batch) == *name).ok_or_else(|| {
            let all: Vec<String> = all.iter().map(|(job, batch)| job.case(*batch)).collect();
            format!("there is no case \"{name}\" here, but `{}`", all.join("`, `")).into()
        })
    };
    names.iter().map(find).collect()
}
