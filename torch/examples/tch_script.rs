//! A model that Python has exported (`TorchScript`) labels handwritten digits: once with a model for each worker, and once
//! with one for all.
//!
//! `cargo run --release -p easycore-torch --features tch --example tch_script -- [cuda:0,cuda:1 [model.pt]]`

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use easycore::{HookError, Options, parallel_runner};
use easycore_torch::{Digits, devices, exit_code, load, shipped_model};
use tch::{CModule, Device, TchError, Tensor};

struct Model {
    script: CModule,
    device: Device,
}

/// Every worker loads the model on its own device.
#[parallel_runner(ordered, config = PathBuf)]
impl OneEach {
    fn producer_init(device: Device, path: &PathBuf) -> Result<Model, HookError> {
        Ok(Model { script: load(path, device)?, device })
    }
    fn producer_work(model: &mut Model, images: Tensor) -> Result<Tensor, TchError> {
        let images = images.f_to(model.device)?;
        model.script.forward_ts(&[images])?.f_to(Device::Cpu)
    }
}

/// All workers of a device share a model, which is there once: threads may call a `CModule` at the same time.
#[parallel_runner(ordered, config = CModule)]
impl OneForAll {
    fn producer_init(device: Device) -> Device {
        device
    }
    fn producer_work(script: &CModule, device: &mut Device, images: Tensor) -> Result<Tensor, TchError> {
        let images = images.f_to(*device)?;
        script.forward_ts(&[images])?.f_to(Device::Cpu)
    }
}

fn run() -> Result<(), HookError> {
    let path = env::args_os().nth(2).map_or_else(shipped_model, PathBuf::from);
    let digits = Digits::shipped()?;
    let devices = devices()?;
    let mut one_each = OneEach::new(devices.clone(), path.clone());
    let outputs = one_each.run(digits.images.f_split(10, 0)?)?;
    one_each.close()?;
    println!("a model each on {:?}: {}", devices.as_slice(), digits.judge(&outputs)?);

    // A model is on one device, the first.
    let (device, workers) = (devices.as_slice()[0].clone(), devices.as_slice().len());
    let model = load(&path, Device::from(&device))?;
    let mut one_for_all =
        OneForAll::new(device.clone(), model).options(Options::new().workers_per_device(workers));
    let outputs = one_for_all.run(digits.images.f_split(10, 0)?)?;
    one_for_all.close()?;
    println!("one for all on {device}, workers: {workers}: {}", digits.judge(&outputs)?);
    Ok(())
}

fn main() -> ExitCode {
    exit_code(run())
}
