//! How many threads a process really has while its workers are at work. Nothing else is in this file, as other tests have
//! threads of their own.
#![cfg(target_os = "linux")]

use std::fs;
use std::thread::available_parallelism;

use easycore::{Error, Options, parallel_runner};
use tch::{Device, Kind, Tensor};

#[parallel_runner]
impl Multiply {
    fn producer_init(device: Device) -> Result<Tensor, tch::TchError> {
        Tensor::f_ones([256, 256], (Kind::Float, device))
    }
    /// Large enough for libtorch to divide it up among threads.
    fn producer_work(matrix: &mut Tensor, _item: usize) -> Result<usize, tch::TchError> {
        let product = matrix.f_matmul(matrix)?.f_exp()?;
        let _ = product.f_sum(Kind::Float)?;
        Ok(threads())
    }
}

/// All threads of this process.
fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("there is one for each thread").count()
}

#[test]
fn cpu_workers_never_have_more_threads_than_the_machine_has_cores() -> Result<(), Error> {
    let cores = available_parallelism().map_or(1, usize::from);
    for workers in [1, 2, cores, cores + 1] {
        let before = threads();
        let mut runner = Multiply::new(workers).options(Options::new().window(64));
        let most = runner.run(0..200)?.into_iter().max().expect("200 items");
        let of_workers = most - before;
        assert!(of_workers <= workers.max(cores), "{workers} workers on {cores} cores: {of_workers} threads");
        runner.close()?;
    }
    Ok(())
}
