//! How well a device is kept busy: the runner beside a loop by hand that does the same, for work that the device limits and
//! for work that its preparation limits; the memory of workers; and what becomes of failures on a GPU.
//!
//! `saturation --device cuda:0 --out FOLDER` measures and leaves its figures and the tables made of them in FOLDER, or in
//! the README there, between markers. `benches/README.md` tells how to start it and what is measured.

mod arguments;
mod checks;
mod contenders;
mod footprint;
mod goals;
mod images;
mod labeller;
mod machine;
mod measure;
mod model;
mod results;
mod tables;
mod utilisation;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use easycore::Devices;
use tch::{Cuda, Device};

use crate::arguments::Task;
use crate::contenders::Failure;
use crate::measure::{Job, Plan};
use crate::model::{Architecture, Weights};
use crate::results::Results;
use crate::tables::Kind;

fn main() -> ExitCode {
    match started() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("saturation: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything is as it should be.
fn started() -> Result<bool, Failure> {
    let task = Task::read()?;
    let _no_gradients = tch::no_grad_guard();
    match task {
        Task::Check(device) => {
            must_exist(device)?;
            return checks::all(device);
        }
        Task::Measure { device, plan, only, folder } => {
            must_exist(device)?;
            measure(device, &plan, only, folder.as_deref())?;
        }
        Task::Footprint(device, workers) => footprint::be_child(device, workers)?,
        Task::Show(folder) => tables::show_all(&folder)?,
    }
    Ok(true)
}

fn must_exist(device: Device) -> Result<(), Failure> {
    let Device::Cuda(index) = device else { return Ok(()) };
    match Devices::cudas() {
        Err(error) => Err(error.into()),
        Ok(_) if index < usize::try_from(Cuda::device_count())? => Ok(()),
        Ok(_) => Err(format!("there is no cuda:{index}: libtorch sees {} GPUs", Cuda::device_count()).into()),
    }
}

fn measure(
    device: Device,
    plan: &Plan,
    only: Option<Vec<(Job, usize)>>,
    folder: Option<&Path>,
) -> Result<(), Failure> {
    let kind = Kind::of(device);
    let mut results = Results::default();
    if let Some(folder) = folder {
        fs::create_dir_all(folder)
            .map_err(|error| format!("cannot write to {}: {error}", folder.display()))?;
    }
    let caveat = if plan.is_meant { "" } else { " too short to mean anything" };
    results.about("run", &format!("{}, {} rounds{caveat}", machine::about(device), plan.rounds));
    results.about("network", Architecture::for_device(device).name());
    results.about("cores", &machine::cores().to_string());
    if only.is_none() {
        // Before this process has used the device.
        footprint::measure(&mut results, device)?;
    }
    for (job, batch) in only.unwrap_or_else(|| plan.cases(device)) {
        let begun = Instant::now();
        let weights = Weights::random(job.architecture(device))?;
        measure::case(&mut results, plan, &weights, device, (job, batch))?;
        eprintln!("{}: measured in {:.1} s", job.case(batch), begun.elapsed().as_secs_f64());
        // What is there is there, should the rest take too long.
        tables::keep(&results, kind, folder)?;
    }
    println!("{}", tables::report(&results, kind));
    Ok(())
}
