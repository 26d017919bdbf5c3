//! The network of `tch_predictor`, fed batches: once those that a generator makes, and once those that the runner makes.
//!
//! `cargo run --release -p easycore-torch --features tch --example tch_predictor_batches -- [cuda:0,cuda:1]`

use std::process::ExitCode;

use easycore::{HookError, parallel_runner};
use easycore_torch::{devices, exit_code, net};
use tch::nn::{Module, Sequential};
use tch::{Device, Kind, TchError, Tensor};

struct Model {
    net: Sequential,
    device: Device,
}

/// An item is a batch.
#[parallel_runner(ordered)]
impl BatchPredictor {
    fn producer_init(device: Device) -> Result<Model, TchError> {
        Ok(Model { net: net(device)?, device })
    }
    fn producer_work(model: &mut Model, batch: Tensor) -> Result<Tensor, TchError> {
        let batch = batch.f_to(model.device)?;
        model.net.forward(&batch).f_to(Device::Cpu)
    }
    fn consumer_init() -> Vec<Tensor> {
        Vec::new()
    }
    fn consumer_work(outputs: &mut Vec<Tensor>, output: Tensor) {
        outputs.push(output);
    }
    fn consumer_end(outputs: Vec<Tensor>) -> Result<Tensor, TchError> {
        Tensor::f_cat(&outputs, 0)
    }
}

/// An item is one input; the runner puts ten of them together, and takes ten outputs.
#[parallel_runner(ordered, batch = 10)]
impl Predictor {
    fn producer_init(device: Device) -> Result<Model, TchError> {
        Ok(Model { net: net(device)?, device })
    }
    fn producer_work(model: &mut Model, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, TchError> {
        let batch = Tensor::f_stack(&inputs, 0)?.f_to(model.device)?;
        model.net.forward(&batch).f_to(Device::Cpu)?.f_unbind(0)
    }
    fn consumer_init() -> Vec<Tensor> {
        Vec::new()
    }
    fn consumer_work(outputs: &mut Vec<Tensor>, output: Tensor) {
        outputs.push(output);
    }
    fn consumer_end(outputs: Vec<Tensor>) -> Result<Tensor, TchError> {
        Tensor::f_stack(&outputs, 0)
    }
}

/// Any iterator is a generator of batches; the runner pulls the next one when a worker has room for it. Workers pull, so it
/// owns its tensor: a borrowed one cannot go to other threads.
fn batches(inputs: Tensor, size: i64) -> impl Iterator<Item = Tensor> {
    (0..inputs.size()[0] / size).map(move |batch| inputs.narrow(0, batch * size, size))
}

fn run() -> Result<(), HookError> {
    tch::manual_seed(1);
    let inputs = Tensor::f_randn([100, 1], (Kind::Float, Device::Cpu))?;
    let devices = devices()?;

    let mut predictor = BatchPredictor::new(devices.clone());
    let of_generator = predictor.run(batches(inputs.shallow_clone(), 10))?;
    predictor.close()?;
    println!("{:?} on {:?}", of_generator.size(), devices.as_slice());

    let mut predictor = Predictor::new(devices);
    let of_runner = predictor.run(inputs.f_unbind(0)?)?;
    predictor.close()?;

    let net = net(Device::Cpu)?;
    let one_by_one: Vec<Tensor> = inputs.f_unbind(0)?.iter().map(|input| net.forward(input)).collect();
    let expected = Tensor::f_stack(&one_by_one, 0)?;
    assert!(of_generator.f_allclose(&expected, 1e-6, 1e-6, false)?);
    assert!(of_runner.f_allclose(&expected, 1e-6, 1e-6, false)?);
    println!("the same as in a plain loop");
    Ok(())
}

fn main() -> ExitCode {
    exit_code(run())
}
