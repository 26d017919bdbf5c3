//! The network of `predictor`, fed batches that a generator cuts from the data. Nothing is copied: items may borrow.
//!
//! `cargo run --example predictor_batches`

use candle_core::{Device, Tensor};
use easycore::{HookError, parallel_runner};
use easycore_examples::net::Net;

#[parallel_runner(ordered)]
impl<'a> BatchPredictor<'a> {
    fn producer_init(device: &Device) -> candle_core::Result<Net> {
        Net::load(device)
    }
    fn producer_work(net: &mut Net, batch: &'a [f32]) -> candle_core::Result<Tensor> {
        net.predict(batch)
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

/// Any iterator is a generator of batches; the runner pulls the next one when a worker has room for it.
fn batches(inputs: &[f32], size: usize) -> impl Iterator<Item = &[f32]> {
    inputs.chunks(size)
}

fn main() -> Result<(), HookError> {
    let inputs: Vec<f32> = (0..100_u8).map(f32::from).collect();

    let mut predictor = BatchPredictor::new(["cpu", "cpu"]);
    let predictions = predictor.run(batches(&inputs, 10))?;
    predictor.close()?;
    println!("{:?}", predictions.dims());

    let at_once = Net::load(&Device::Cpu)?.predict(&inputs)?;
    assert_eq!(predictions.to_vec2::<f32>()?, at_once.to_vec2::<f32>()?);
    println!("the same as in one piece");
    Ok(())
}
