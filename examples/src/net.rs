//! The network of the predictor examples: one input, three outputs.

use candle_core::{Device, Tensor};
use candle_nn::{Linear, Module};

const OUTPUTS: usize = 3;
const WEIGHT: [f32; OUTPUTS] = [0.5, -1.0, 0.25];
const BIAS: [f32; OUTPUTS] = [1.0, 30.0, -5.0];

/// One linear layer, rectified: `max(0, weight · input + bias)`.
#[derive(Debug)]
pub struct Net {
    linear: Linear,
    device: Device,
}

impl Net {
    /// Makes the network on a device. A real one would read its weights from a file here, and take its time.
    ///
    /// # Errors
    /// When the device has no memory left.
    pub fn load(device: &Device) -> candle_core::Result<Self> {
        let weight = Tensor::new(&WEIGHT, device)?.unsqueeze(1)?;
        let bias = Tensor::new(&BIAS, device)?;
        Ok(Self { linear: Linear::new(weight, Some(bias)), device: device.clone() })
    }

    /// One row of three outputs for each input.
    ///
    /// # Errors
    /// When the device fails.
    pub fn predict(&self, inputs: &[f32]) -> candle_core::Result<Tensor> {
        let inputs = Tensor::new(inputs, &self.device)?.unsqueeze(1)?;
        self.linear.forward(&inputs)?.relu()
    }
}
