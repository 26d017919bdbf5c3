//! The network: two convolutions and two dense layers, small enough to train within a minute on two cores.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{Conv2d, Conv2dConfig, Linear, Module, VarBuilder};
use rand::Rng;

use super::data::{DIGIT_LABELS, Digit, PIXELS, SIDE};

const FIRST_CHANNELS: usize = 16;
const SECOND_CHANNELS: usize = 32;
const HIDDEN: usize = 64;
/// What is left of an image once it has been pooled by two.
const POOLED: usize = SECOND_CHANNELS * (SIDE / 2) * (SIDE / 2);

/// Every weight by name with its shape: the one place that training, saving and loading agree on.
const WEIGHTS: [(&str, &[usize]); 8] = [
    ("conv1.weight", &[FIRST_CHANNELS, 1, 3, 3]),
    ("conv1.bias", &[FIRST_CHANNELS]),
    ("conv2.weight", &[SECOND_CHANNELS, FIRST_CHANNELS, 3, 3]),
    ("conv2.bias", &[SECOND_CHANNELS]),
    ("dense1.weight", &[HIDDEN, POOLED]),
    ("dense1.bias", &[HIDDEN]),
    ("dense2.weight", &[DIGIT_LABELS, HIDDEN]),
    ("dense2.bias", &[DIGIT_LABELS]),
];

/// A convolutional network that tells which digit an 8×8 image shows.
#[derive(Debug)]
pub struct Network {
    conv1: Conv2d,
    conv2: Conv2d,
    dense1: Linear,
    dense2: Linear,
    device: Device,
}

impl Network {
    /// Loads the weights that `train_digits` wrote onto `device`.
    ///
    /// # Errors
    /// When the file is missing, damaged, or of another network.
    pub fn load(weights: &Path, device: &Device) -> Result<Self, ModelError> {
        let bytes =
            std::fs::read(weights).map_err(|source| ModelError::Read { path: weights.to_owned(), source })?;
        VarBuilder::from_buffered_safetensors(bytes, DType::F32, device)
            .and_then(Self::new)
            .map_err(|error| ModelError::Weights { path: weights.to_owned(), reason: first_line(&error) })
    }

    /// Builds the network on weights that are already there: while training, they go on changing.
    ///
    /// # Errors
    /// When a weight is missing or of another shape.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "candle hands builders over by value: they are handles"
    )]
    pub fn new(weights: VarBuilder<'_>) -> candle_core::Result<Self> {
        let [w1, b1, w2, b2, w3, b3, w4, b4] = WEIGHTS.map(|(name, shape)| weights.get(shape, name));
        let padded = Conv2dConfig { padding: 1, ..Conv2dConfig::default() };
        Ok(Self {
            conv1: Conv2d::new(w1?, Some(b1?), padded),
            conv2: Conv2d::new(w2?, Some(b2?), padded),
            dense1: Linear::new(w3?, Some(b3?)),
            dense2: Linear::new(w4?, Some(b4?)),
            device: weights.device().clone(),
        })
    }

    /// Ten scores for each image of a batch: the highest stands at the digit that it most looks like.
    ///
    /// # Errors
    /// When `images` is not of shape `(n, 1, 8, 8)`.
    pub fn forward(&self, images: &Tensor) -> candle_core::Result<Tensor> {
        let features = self.conv1.forward(images)?.relu()?;
        let features = self.conv2.forward(&features)?.relu()?.max_pool2d(2)?;
        let hidden = self.dense1.forward(&features.flatten_from(1)?)?.relu()?;
        self.dense2.forward(&hidden)
    }

    /// Which digit each image most looks like, worked out for all of them at once.
    ///
    /// # Errors
    /// When the device fails.
    pub fn labels<'d>(&self, digits: impl IntoIterator<Item = &'d Digit>) -> Result<Vec<u8>, ModelError> {
        let images: Vec<_> = digits.into_iter().map(|digit| digit.pixels.map(f32::from)).collect();
        let labels = || {
            let scores = self.forward(&to_tensor(&images, &self.device)?)?;
            scores.argmax(1)?.to_dtype(DType::U8)?.to_vec1()
        };
        labels().map_err(|error: candle_core::Error| ModelError::Compute(first_line(&error)))
    }
}

/// Images (pixels from 0 to 16) as the tensor that the network takes.
///
/// # Errors
/// When the device has no memory for it.
pub fn to_tensor(images: &[[f32; PIXELS]], device: &Device) -> candle_core::Result<Tensor> {
    // Centred around zero, which is where networks learn best.
    let pixels: Vec<f32> = images.iter().flatten().map(|pixel| pixel / 8.0 - 1.0).collect();
    Tensor::from_vec(pixels, (images.len(), 1, SIDE, SIDE), device)
}

/// Random weights to start training from, as variables that gradients reach.
///
/// They come from `rng` and not from candle, whose generator on the CPU cannot be seeded.
///
/// # Errors
/// When the device has no memory for them.
pub fn initial_weights(rng: &mut impl Rng, device: &Device) -> candle_core::Result<HashMap<String, Tensor>> {
    WEIGHTS
        .iter()
        .map(|(name, shape)| {
            // He et al.: keeps the signal's variance through layers with ReLU. A bias has no inputs and starts at 0.
            let inputs: usize = shape[1..].iter().product();
            let count: usize = shape.iter().product();
            let is_bias = shape.len() == 1;
            #[expect(clippy::cast_precision_loss, reason = "a layer has hundreds of inputs, not millions")]
            let bound = if is_bias { 0.0 } else { (6.0 / inputs as f32).sqrt() };
            let values: Vec<f32> = (0..count).map(|_| rng.random_range(-bound..=bound)).collect();
            Ok(((*name).to_owned(), Var::from_vec(values, *shape, device)?.into_inner()))
        })
        .collect()
}

/// What keeps the network from labelling. Displays as one line.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The weights could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The weights are damaged or of another network.
    #[error("{} does not hold the weights of this network: {reason}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What candle said.
        reason: String,
    },
    /// The device failed.
    #[error("the network failed: {_0}")]
    Compute(String),
}

/// Candle appends a backtrace to its messages when `RUST_BACKTRACE` is set; a user wants the message.
fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
