//! A ResNet-18 without its last layer: a photograph becomes 512 numbers, its embedding.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tch::nn::{FuncT, ModuleT, VarStore};
use tch::vision::resnet::resnet18_no_final_layer;
use tch::{Device, Kind, TchError, Tensor};

/// How many numbers an embedding has.
pub const EMBEDDING: i64 = 512;

/// Where the weights come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weights {
    /// Random ones: the same from the same seed, on every device.
    Seed(u64),
    /// A file that names them as torchvision does: `.safetensors`, `.pth` or `.pt` (a pickled dictionary), or else what
    /// `VarStore::save` writes.
    File(PathBuf),
}

/// The network on a device, ready to embed.
#[derive(Debug)]
pub struct Network {
    layers: FuncT<'static>,
    variables: VarStore,
    kind: Kind,
    /// What 0 and 1 are to the network, in the units of a pixel.
    zero: Tensor,
    one: Tensor,
}

impl Network {
    /// Makes or loads the weights and brings them to the device. `half` halves their precision, and that of what is computed: to
    /// float16, or to bfloat16 on the CPU, which has float16 for hardly any of it.
    ///
    /// # Errors
    /// When the file cannot be read, lacks a weight or has one of another shape.
    ///
    /// # Panics
    /// When the device has no memory for them.
    ///
    /// # Example
    /// ```
    /// use easycore_torch::resnet::{Network, Weights};
    /// use tch::{Device, Kind, Tensor};
    ///
    /// let network = Network::new(&Weights::Seed(7), Device::Cpu, false)?;
    /// let black = Tensor::zeros([2, 3, 64, 64], (Kind::Uint8, Device::Cpu));
    /// assert_eq!(network.embed(&black)?.size(), [2, 512]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(weights: &Weights, device: Device, half: bool) -> Result<Self, NetworkError> {
        let seed = if let Weights::Seed(seed) = weights { *seed } else { 0 };
        // In main memory first: each kind of device has random numbers of its own.
        let (mut variables, layers) = on_cpu(seed);
        if let Weights::File(path) = weights {
            load(&mut variables, path)?;
        }
        variables.freeze();
        let kind = match (half, device) {
            (false, _) => Kind::Float,
            (true, Device::Cpu) => Kind::BFloat16,
            (true, _) => Kind::Half,
        };
        variables.set_kind(kind);
        variables.set_device(device);
        let in_pixels = |colours: [f32; 3]| {
            Tensor::f_from_slice(&colours.map(|colour| 255.0 * colour))?.f_view([1, 3, 1, 1])?.f_to(device)
        };
        // Mean and deviation of ImageNet, by which whoever trains such networks normalises.
        let (zero, one) = (in_pixels([0.485, 0.456, 0.406])?, in_pixels([0.229, 0.224, 0.225])?);
        Ok(Self { layers, variables, kind, zero, one })
    }

    /// Embeds bytes shaped `[views, 3, height, width]` as `[views, 512]`, single precision, in main memory.
    ///
    /// # Errors
    /// When libtorch cannot bring them to the device.
    ///
    /// # Panics
    /// When libtorch cannot compute on them, as when they are shaped otherwise or the device's memory is full.
    pub fn embed(&self, views: &Tensor) -> Result<Tensor, TchError> {
        let views = views.f_to(self.variables.device())?.f_to_kind(Kind::Float)?;
        let views = views.f_sub(&self.zero)?.f_div(&self.one)?.f_to_kind(self.kind)?;
        self.layers.forward_t(&views, false).f_to_kind(Kind::Float)?.f_to(Device::Cpu)
    }

    /// What was learned, or made at random: all weights but the means and deviations that were seen in training.
    #[must_use]
    pub fn weights(&self) -> Vec<Tensor> {
        self.variables.trainable_variables()
    }
}

fn load(variables: &mut VarStore, path: &Path) -> Result<(), NetworkError> {
    // libtorch tells a missing file in many lines.
    File::open(path).map_err(|source| NetworkError::File { path: path.to_owned(), source })?;
    let mut load = || match path.extension() {
        Some(extension) if extension == "pth" => load_pickled(variables, path),
        _ => variables.load(path),
    };
    load().map_err(|source| NetworkError::Weights { path: path.to_owned(), source })
}

/// What `VarStore::load` does with `.pt`, for the extension that torchvision uses.
fn load_pickled(variables: &VarStore, path: &Path) -> Result<(), TchError> {
    let named: HashMap<String, Tensor> =
        Tensor::loadz_multi_with_device(path, variables.device())?.into_iter().collect();
    for (name, mut variable) in variables.variables() {
        let missing = || TchError::TensorNameNotFound(name.clone(), path.display().to_string());
        let weights = named.get(&name).ok_or_else(missing)?;
        tch::no_grad(|| variable.f_copy_(weights))?;
    }
    Ok(())
}

/// What keeps a network from being made. Displays as one line.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The file of the weights could not be opened.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not hold the weights of this network.
    #[error("cannot use {}: {}", path.display(), without_stack(source))]
    Weights {
        /// The file.
        path: PathBuf,
        /// What libtorch said.
        source: TchError,
    },
    /// libtorch could not bring the network to the device.
    #[error("{}", without_stack(.0))]
    Device(#[from] TchError),
}

/// What libtorch said, without its stack of C++ functions.
fn without_stack(error: &TchError) -> String {
    let text = error.to_string();
    let said = text.split("Exception raised from").next().unwrap_or_default();
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A network of random weights in main memory.
fn on_cpu(seed: u64) -> (VarStore, FuncT<'static>) {
    // Between the seed and the last weight nobody else shall draw: the process has one generator.
    static GENERATOR: Mutex<()> = Mutex::new(());
    let _mine = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);

    tch::manual_seed(seed.cast_signed());
    let variables = VarStore::new(Device::Cpu);
    let layers = resnet18_no_final_layer(&variables.root());
    (variables, layers)
}
