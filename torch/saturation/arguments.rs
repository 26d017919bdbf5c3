//! What the program was asked for.

use std::env;
use std::path::PathBuf;

use tch::Device;

use crate::contenders::Failure;
use crate::footprint;
use crate::measure::Plan;

pub(crate) const USAGE: &str = "\
saturation --device cpu|cuda:N [--quick] [--rounds N] [--out FOLDER]   measures, and writes down what it found
saturation --device cpu|cuda:N --check                                 checks what can only be checked on a device
saturation --show --out FOLDER                                         the tables anew, of what was measured";

/// What to do.
pub(crate) enum Task {
    Measure(Device, Plan),
    Check(Device),
    Show,
    /// To be the child that so many workers' memory is measured in.
    Footprint(Device, usize),
}

pub(crate) struct Arguments {
    pub(crate) task: Task,
    /// Where results are kept; nowhere if it is `None`.
    pub(crate) folder: Option<PathBuf>,
}

impl Arguments {
    pub(crate) fn read() -> Result<Self, Failure> {
        let (mut device, mut folder, mut plan) = (None, None, Plan::FULL);
        let (mut check, mut show, mut workers) = (false, false, None);
        let mut words = env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} takes a value\n{USAGE}"));
            match &*word {
                "--device" => device = Some(value()?.parse::<easycore::Device>()?.into()),
                "--out" => folder = Some(value()?.into()),
                "--rounds" => plan.rounds = value()?.parse()?,
                footprint::CHILD => workers = Some(value()?.parse()?),
                "--quick" => plan = Plan::QUICK,
                "--check" => check = true,
                "--show" => show = true,
                _ => return Err(format!("what is {word}?\n{USAGE}").into()),
            }
        }
        let task = match (device, workers) {
            _ if show => Task::Show,
            (None, _) => return Err(format!("which device?\n{USAGE}").into()),
            (Some(device), Some(workers)) => Task::Footprint(device, workers),
            (Some(device), None) if check => Task::Check(device),
            (Some(device), None) => Task::Measure(device, plan),
        };
        Ok(Self { task, folder })
    }
}
