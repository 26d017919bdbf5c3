//! A neural network with one copy per device, fed one tensor at a time; predictions come back in input order.
//!
//! `cargo run --release -p easycore-torch --features tch --example tch_predictor -- [cuda:0,cuda:1]`

use std::process::ExitCode;

use easycore::{HookError, parallel_runner};
use easycore_torch::{devices, exit_code, net};
use tch::nn::{Module, Sequential};
use tch::{Device, Kind, TchError, Tensor};

struct Model {
    net: Sequential,
    device: Device,
}

#[parallel_runner(ordered)]
impl Predictor {
    // With its `tch::Device` taken here, a worker computes no gradients in any producer hook.
    fn producer_init(device: Device) -> Result<Model, TchError> {
        Ok(Model { net: net(device)?, device })
    }
    fn producer_work(model: &mut Model, input: Tensor) -> Result<Tensor, TchError> {
        let input = input.f_to(model.device)?;
        model.net.forward(&input).f_to(Device::Cpu)
    }
    // The same would happen without it.
    fn producer_end(model: Model) {
        drop(model);
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

fn run() -> Result<(), HookError> {
    tch::manual_seed(1);
    let inputs = Tensor::f_randn([100, 1], (Kind::Float, Device::Cpu))?;

    // The GPUs that there are; `["cuda:0", "cuda:1"]` names them.
    let devices = devices()?;
    let mut predictor = Predictor::new(devices.clone());
    let predictions = predictor.run(inputs.f_unbind(0)?)?;
    predictor.close()?;
    println!("{:?} on {:?}", predictions.size(), devices.as_slice());

    let net = net(Device::Cpu)?;
    let one_by_one: Vec<Tensor> = inputs.f_unbind(0)?.iter().map(|input| net.forward(input)).collect();
    assert!(predictions.f_allclose(&Tensor::f_cat(&one_by_one, 0)?, 1e-6, 1e-6, false)?);
    println!("the same as in a plain loop");
    Ok(())
}

fn main() -> ExitCode {
    exit_code(run())
}
