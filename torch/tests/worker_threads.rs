//! What libtorch is told about the threads of workers.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, available_parallelism};

use easycore::{Error, OnError, Options, Worker, parallel_runner};
use tch::{Device, Kind, Tensor};

/// A layer that could be trained.
struct Layer {
    weight: Tensor,
    worker: usize,
}

/// What an item has to tell of the thread that worked it.
#[derive(Debug, PartialEq)]
struct Told {
    worker: usize,
    threads: i32,
    records_gradients: bool,
}

#[parallel_runner]
impl Tells {
    fn producer_init(worker: &Worker) -> Result<Layer, easycore::HookError> {
        let device = <Device as easycore::FromWorker>::from_worker(worker)?;
        let weight = Tensor::f_ones([4, 4], (Kind::Float, device))?.set_requires_grad(true);
        Ok(Layer { weight, worker: worker.index() })
    }
    fn producer_work(layer: &mut Layer, _item: usize) -> Result<Told, tch::TchError> {
        let output = layer.weight.f_matmul(&layer.weight)?;
        let records_gradients = output.requires_grad();
        Ok(Told { worker: layer.worker, threads: tch::get_num_threads(), records_gradients })
    }
}

/// What workers do as they start can be seen in threads that use libtorch for the first time just then.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// How many threads libtorch uses where nobody has told it otherwise.
fn usual_threads() -> i32 {
    static USUAL: OnceLock<i32> = OnceLock::new();
    *USUAL.get_or_init(|| thread::spawn(tch::get_num_threads).join().expect("it only asks"))
}

fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

#[test]
fn gradients_are_off_in_workers_and_nowhere_else() -> Result<(), Error> {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let _before_any_worker = usual_threads();
    let mut runner = Tells::new(2).options(Options::new().recycle_after(3));
    for told in runner.run(0..20)? {
        assert!(!told.records_gradients);
    }
    let weight = Tensor::ones([4, 4], (Kind::Float, Device::Cpu)).set_requires_grad(true);
    assert!(weight.matmul(&weight).requires_grad());
    Ok(())
}

/// Panics where gradients are on, if there is no item.
#[parallel_runner]
impl Learns {
    fn producer_init(device: Device) -> Result<Tensor, tch::TchError> {
        Ok(Tensor::f_ones([4, 4], (Kind::Float, device))?.set_requires_grad(true))
    }
    fn producer_work(weight: &mut Tensor, item: Option<f64>) -> bool {
        let _ = tch::with_grad(|| weight.matmul(weight) * item.expect("there is an item"));
        weight.matmul(weight).requires_grad()
    }
}

#[test]
fn gradients_are_off_again_when_a_hook_has_panicked_where_they_were_on() -> Result<(), Error> {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let _before_any_worker = usual_threads();
    let mut runner = Learns::new(1).options(Options::new().on_error(OnError::skip(1)));
    let records_gradients = runner.run([Some(1.0), None, Some(2.0)])?;
    assert_eq!(records_gradients, [false, false]);
    Ok(())
}

#[test]
fn workers_share_the_cores_and_leave_everybody_else_their_number_of_threads() -> Result<(), Error> {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let usual = usual_threads();
    for workers in 1..=3 {
        let share = i32::try_from((cores() / workers).max(1)).expect("few cores");
        let mut runner = Tells::new(workers).options(Options::new().recycle_after(2));
        for told in runner.run(0..20)? {
            assert_eq!(told.threads, share.min(usual));
        }
    }
    let later = thread::spawn(tch::get_num_threads).join().expect("it only asks");
    assert_eq!(later, usual, "of a thread that uses libtorch for the first time");
    Ok(())
}
