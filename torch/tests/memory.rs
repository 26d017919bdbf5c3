//! What becomes of the memory of models. Nothing else is in this file, as other tests take memory of their own.
#![cfg(target_os = "linux")]

use std::fs;

use easycore::{HookError, parallel_runner};
use tch::{Device, Kind, Tensor};

const MODEL_BYTES: u64 = 128 << 20;

#[parallel_runner]
impl Large {
    fn producer_init(device: Device) -> Result<Tensor, tch::TchError> {
        Tensor::f_ones([128 << 20], (Kind::Uint8, device))
    }
    fn producer_work(model: &mut Tensor, item: i64) -> Result<i64, tch::TchError> {
        model.f_get(item)?.try_into()
    }
}

/// The memory of this process that is really in use.
fn resident() -> Result<u64, HookError> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

#[test]
fn each_worker_has_a_model_until_the_runner_is_dropped() -> Result<(), HookError> {
    let mut warm_up = Large::new(1);
    warm_up.run([0])?;
    drop(warm_up);

    let before = resident()?;
    let mut runner = Large::new(3);
    runner.run(0..10)?;
    let during = resident()? - before;
    assert!(during > 3 * MODEL_BYTES - MODEL_BYTES / 4, "{during} bytes for three models");
    drop(runner);
    let after = resident()?.saturating_sub(before);
    assert!(after < MODEL_BYTES / 4, "{after} bytes are left");
    Ok(())
}
