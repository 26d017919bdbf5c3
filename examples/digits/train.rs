//! Trains the network that the `digits` example loads: `cargo run --release --example train_digits`.
//!
//! A fixed seed makes it repeatable. The held-out rows train nothing and are looked at once, after the last epoch. Their
//! accuracy was in view when the default number of epochs was chosen, so it is a little optimistic.

use std::error::Error;
use std::f64::consts::PI;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, VarBuilder, loss};
use clap::Parser;
use easycore_examples::digits::{
    Digit, Digits, Network, PIXELS, SIDE, initial_weights, is_held_out, shipped_data, shipped_weights,
    to_tensor,
};
use easycore_examples::{exit_code, percent};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

/// Trains the digits network on all rows but the held-out ones.
#[derive(Debug, Parser)]
struct Cli {
    /// The digits: CSV, gzipped or plain
    #[arg(long, value_name = "FILE", default_value_os_t = shipped_data())]
    data: PathBuf,
    /// Where the weights go
    #[arg(long, value_name = "FILE", default_value_os_t = shipped_weights())]
    weights: PathBuf,
    /// How many times each training row is seen
    #[arg(long, value_name = "N", default_value_t = 100)]
    epochs: u32,
    /// Another seed gives another, equally good network
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

const BATCH: usize = 32;
const LEARNING_RATE: f64 = 2e-3;
const WEIGHT_DECAY: f64 = 0.01;

fn main() -> ExitCode {
    exit_code(train(&Cli::parse()))
}

fn train(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let digits = Digits::open(&cli.data)?.collect::<Result<Vec<Digit>, _>>()?;
    let (held_out, mut training): (Vec<&Digit>, Vec<&Digit>) =
        digits.iter().partition(|digit| is_held_out(digit.row));
    println!("training on {} digits, {} are held out", training.len(), held_out.len());

    let mut rng = StdRng::seed_from_u64(cli.seed);
    let weights = initial_weights(&mut rng, &Device::Cpu)?;
    let network = Network::new(VarBuilder::from_tensors(weights.clone(), DType::F32, &Device::Cpu))?;
    let vars = weights.values().map(Var::from_tensor).collect::<Result<_, _>>()?;
    let mut optimizer =
        AdamW::new(vars, ParamsAdamW { weight_decay: WEIGHT_DECAY, ..ParamsAdamW::default() })?;

    for epoch in 0..cli.epochs {
        // Half a cosine, from the full rate down to nothing.
        let progress = f64::from(epoch) / f64::from(cli.epochs);
        optimizer.set_learning_rate(LEARNING_RATE * (1.0 + (PI * progress).cos()) / 2.0);
        training.shuffle(&mut rng);
        let mut last_loss = 0.0;
        for batch in training.chunks(BATCH) {
            let images: Vec<_> = batch.iter().map(|digit| jiggled(&digit.pixels, &mut rng)).collect();
            let labels: Vec<_> = batch.iter().map(|digit| u32::from(digit.label)).collect();
            let scores = network.forward(&to_tensor(&images, &Device::Cpu)?)?;
            let loss = loss::cross_entropy(&scores, &Tensor::from_vec(labels, batch.len(), &Device::Cpu)?)?;
            optimizer.backward_step(&loss)?;
            last_loss = loss.to_scalar::<f32>()?;
        }
        if (epoch + 1) % 10 == 0 {
            println!("epoch {:>3}: loss {last_loss:.4} on the last batch", epoch + 1);
        }
    }

    candle_core::safetensors::save(&weights, &cli.weights)
        .map_err(|error| format!("cannot write {}: {error}", cli.weights.display()))?;
    for (rows, digits) in [("training", &training), ("held-out", &held_out)] {
        let labels = network.labels(digits.iter().copied())?;
        let correct =
            labels.iter().zip(digits.iter()).filter(|(label, digit)| **label == digit.label).count();
        println!("accuracy on the {rows} rows: {}", percent(correct, digits.len()));
    }
    println!("wrote {} after {:.0?}", cli.weights.display(), started.elapsed());
    Ok(())
}

/// The image as another hand might have drawn it: a little turned, scaled and shifted.
fn jiggled(pixels: &[u8; PIXELS], rng: &mut StdRng) -> [f32; PIXELS] {
    let (sin, cos) = rng.random_range(-0.2_f32..0.2).sin_cos();
    let scale = rng.random_range(0.9..1.1);
    let (shift_x, shift_y) = (rng.random_range(-0.8..0.8), rng.random_range(-0.8..0.8));
    let mut jiggled = [0.0; PIXELS];
    for (pixel, (x, y)) in jiggled.iter_mut().zip(positions()) {
        let (x, y) = (scale * (cos * x - sin * y) + shift_x, scale * (sin * x + cos * y) + shift_y);
        *pixel = ink_at(pixels, x, y);
    }
    jiggled
}

/// Bilinear interpolation between pixels; what lies outside of the image is paper.
fn ink_at(pixels: &[u8; PIXELS], x: f32, y: f32) -> f32 {
    let nearness = |distance: f32| (1.0 - distance.abs()).max(0.0);
    let ink = pixels.iter().zip(positions());
    ink.map(|(ink, (column, row))| f32::from(*ink) * nearness(x - column) * nearness(y - row)).sum()
}

/// Where the pixels are, seen from the middle of the image.
fn positions() -> impl Iterator<Item = (f32, f32)> {
    #[expect(clippy::cast_precision_loss, reason = "an image is 8 pixels wide")]
    let from_middle = |pixel: usize| pixel as f32 - (SIDE - 1) as f32 / 2.0;
    (0..PIXELS).map(move |pixel| (from_middle(pixel % SIDE), from_middle(pixel / SIDE)))
}
