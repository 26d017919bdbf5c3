//! Handwritten digits and the network that labels them: what `train_digits` and `digits` have in common.

mod data;
mod model;

use std::path::PathBuf;

pub use data::{DIGIT_LABELS, DataError, Digit, Digits, PIXELS, SHIPPED_ROWS, SIDE, is_held_out};
pub use model::{ModelError, Network, initial_weights, to_tensor};

/// Where the repository keeps the digits: 1,797 rows of gzipped CSV.
#[must_use]
pub fn shipped_data() -> PathBuf {
    shipped("digits.csv.gz")
}

/// Where the repository keeps the weights that `train_digits` wrote.
#[must_use]
pub fn shipped_weights() -> PathBuf {
    shipped("digits.safetensors")
}

fn shipped(file: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "digits", "data", file].iter().collect()
}
