//! The memory that workers take, and what is left of it when they are gone: measured in a process of its own.

use std::env;
use std::process::Command;

use tch::{Device, Kind, Tensor};

use crate::contenders::Failure;
use crate::images::{Image, Photo, repeated};
use crate::labeller::{Labeller, Setup};
use crate::machine::memory_in_use;
use crate::model::Weights;
use crate::results::Results;

/// What starts a child.
const CHILD: &str = "--footprint";
pub(crate) const WORKERS: [usize; 3] = [1, 2, 4];
pub(crate) const BATCH: usize = 32;

/// What has glibc keep memory that was given back, for `benches/README.md` measures speed with it.
const KEEPS_MEMORY: [&str; 3] = ["MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_"];

/// When memory is looked at, in MiB above what a process takes that has only used the device.
pub(crate) const STAGES: [&str; 4] = ["started", "worked", "closed", "closed after another run"];

/// Whether freed memory of a GPU is kept for later; on a processor there is no such choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cache {
    Usual,
    Off,
}

impl Cache {
    pub(crate) fn case(self) -> &'static str {
        match self {
            Self::Usual => "memory",
            Self::Off => "memory without cache",
        }
    }
}

/// Measures all numbers of workers.
pub(crate) fn measure(results: &mut Results, device: Device) -> Result<(), Failure> {
    let caches = if device == Device::Cpu { &[Cache::Usual][..] } else { &[Cache::Usual, Cache::Off] };
    for cache in caches {
        for workers in WORKERS {
            let Some(stages) = of_child(device, workers, *cache)? else { continue };
            for (stage, used) in STAGES.into_iter().zip(stages) {
                results.add(cache.case(), &workers.to_string(), stage, vec![used]);
            }
        }
    }
    Ok(())
}

/// What a child of so many workers finds; `None` where the memory in use cannot be learnt.
pub(crate) fn of_child(device: Device, workers: usize, cache: Cache) -> Result<Option<Vec<f64>>, Failure> {
    let mut child = Command::new(env::current_exe()?);
    child.args([CHILD, &workers.to_string(), "--device", &easycore::Device::try_from(device)?.to_string()]);
    // What workers take, and not what an allocator keeps that was told to.
    for setting in KEEPS_MEMORY {
        child.env_remove(setting);
    }
    if cache == Cache::Off {
        child.env("PYTORCH_NO_CUDA_MEMORY_CACHING", "1");
    }
    let output = child.output()?;
    if !output.status.success() {
        return Err(format!("{CHILD} {workers}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let figures = String::from_utf8(output.stdout)?;
    let figures = figures.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    Ok((figures.len() == STAGES.len()).then_some(figures))
}

/// Prints the figures of [`STAGES`], or nothing where they cannot be learnt.
pub(crate) fn be_child(device: Device, workers: usize) -> Result<(), Failure> {
    let weights = Weights::random(crate::model::Architecture::for_device(device))?;
    let image = Image::Ready(Photo::new(0, weights.architecture.side(), 1).scaled_down()?);
    let images = || repeated(std::slice::from_ref(&image), 4 * BATCH * workers);
    // The device's own share for a process comes with the first use.
    let _ = Tensor::f_zeros([1], (Kind::Float, device))?.f_add_scalar(1.0)?.f_to(Device::Cpu)?;
    let Some(before) = memory_in_use(device) else { return Ok(()) };
    let above = || memory_in_use(device).unwrap_or(f64::NAN) - before;

    let setup = Setup { weights: weights.clone(), pinned: false, threads: None };
    let mut runner = Labeller::<BATCH>::new(vec![device; workers], setup);
    runner.start()?;
    let started = above();
    runner.run(images())?;
    let worked = above();
    runner.close()?;
    let closed = above();
    runner.run(images())?;
    drop(runner);
    println!("{started} {worked} {closed} {}", above());
    Ok(())
}
