//! A neural network with one copy per device, fed one input at a time; predictions come back in input order.
//!
//! `cargo run --example predictor`

use candle_core::{Device, Tensor};
use easycore::{HookError, parallel_runner};
use easycore_examples::net::Net;

#[parallel_runner(ordered)]
impl Predictor {
    fn producer_init(device: &Device) -> candle_core::Result<Net> {
        Net::load(device)
    }
    fn producer_work(net: &mut Net, input: f32) -> candle_core::Result<Tensor> {
        net.predict(&[input])
    }
    fn consumer_init() -> Vec<Tensor> {
        Vec::new()
    }
    fn consumer_work(outputs: &mut Vec<Tensor>, output: Tensor) {
        outputs.push(output);
    }
    fn consumer_end(outputs: Vec<Tensor>) -> candle_core::Result<Tensor> {
        Tensor::cat(&outputs, 0)
    }
}

fn main() -> Result<(), HookError> {
    let inputs: Vec<f32> = (0..100_u8).map(f32::from).collect();

    // On a machine with GPUs, and candle built for them: `["cuda:0", "cuda:1"]`.
    let mut predictor = Predictor::new(["cpu", "cpu"]);
    let predictions = predictor.run(inputs.clone())?;
    predictor.close()?;
    println!("{:?}", predictions.dims());

    let net = Net::load(&Device::Cpu)?;
    let one_by_one = inputs.iter().map(|input| net.predict(&[*input])).collect::<Result<Vec<_>, _>>()?;
    assert_eq!(predictions.to_vec2::<f32>()?, Tensor::cat(&one_by_one, 0)?.to_vec2::<f32>()?);
    println!("the same as in a plain loop");
    Ok(())
}
