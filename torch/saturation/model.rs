//! What every contender computes: a convolutional network that labels a batch of images, resident on one device.

use std::sync::Arc;

use tch::nn::{self, FuncT, ModuleT, VarStore};
use tch::vision::{resnet, vgg};
use tch::{Device, Kind, TchError, Tensor};

use crate::images::{Image, Photo};

const LABELS: i64 = 10;
const SEED: i64 = 7;
/// How many images the scores of labels are balanced by.
const LIKED: u16 = 16;

/// Which network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Architecture {
    /// ResNet-18 on images of 224 × 224 pixels: work for a GPU.
    ResNet18,
    /// VGG-16 on such images: few operations, and nine times as much to compute, so that even a fast GPU is what all wait for.
    Vgg16,
    /// Three convolutions on images of 32 × 32 pixels: as much as a processor labels in a fraction of a millisecond.
    Small,
}

impl Architecture {
    /// The one that suits a device, unless a job asks for another.
    pub(crate) fn for_device(device: Device) -> Self {
        if device == Device::Cpu { Self::Small } else { Self::ResNet18 }
    }

    /// Height and width of an image, in pixels.
    pub(crate) fn side(self) -> u16 {
        match self {
            Self::ResNet18 | Self::Vgg16 => 224,
            Self::Small => 32,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ResNet18 => "ResNet-18",
            Self::Vgg16 => "VGG-16",
            Self::Small => "a network of three convolutions",
        }
    }

    /// What the bias of the last layer is called.
    fn bias(self) -> &'static str {
        match self {
            Self::ResNet18 => "fc.bias",
            Self::Vgg16 => "classifier.6.bias",
            Self::Small => "last.bias",
        }
    }

    fn layers(self, path: &nn::Path) -> FuncT<'static> {
        match self {
            Self::ResNet18 => resnet::resnet18(path, LABELS),
            Self::Vgg16 => vgg16(path),
            Self::Small => three_convolutions(path),
        }
    }
}

fn vgg16(path: &nn::Path) -> FuncT<'static> {
    let layers = vgg::vgg16(path, LABELS);
    nn::func_t(move |images, train| layers.forward_t(images, train))
}

fn three_convolutions(path: &nn::Path) -> FuncT<'static> {
    let convolution = |name: &str, from, to, stride| {
        nn::conv2d(path / name, from, to, 3, nn::ConvConfig { stride, padding: 1, ..Default::default() })
    };
    let first = convolution("first", 3, 32, 1);
    let second = convolution("second", 32, 64, 2);
    let third = convolution("third", 64, 64, 2);
    let last = nn::linear(path / "last", 64, LABELS, nn::LinearConfig::default());
    nn::func_t(move |images, _train| {
        let features = images.apply(&first).relu().apply(&second).relu().apply(&third).relu();
        features.adaptive_avg_pool2d([1, 1]).flat_view().apply(&last)
    })
}

/// The same weights for everybody, from a fixed seed.
#[derive(Debug, Clone)]
pub(crate) struct Weights {
    pub(crate) architecture: Architecture,
    variables: Arc<VarStore>,
}

impl Weights {
    pub(crate) fn random(architecture: Architecture) -> Result<Self, TchError> {
        tch::manual_seed(SEED);
        let variables = VarStore::new(Device::Cpu);
        let layers = architecture.layers(&variables.root());
        balance(architecture, &layers, &variables)?;
        Ok(Self { architecture, variables: Arc::new(variables) })
    }
}

/// Takes the mean score of each label from its bias: random weights like one label best, whatever the image is.
fn balance(architecture: Architecture, layers: &FuncT, variables: &VarStore) -> Result<(), TchError> {
    let images = (0..LIKED).map(|number| Photo::new(number, architecture.side(), 1).scaled_down());
    let images = Tensor::f_stack(&images.collect::<Result<Vec<_>, _>>()?, 0)?;
    let means = layers.forward_t(&normal(&images)?, false).f_mean_dim(0, false, Kind::Float)?;
    let mut biases = variables.variables();
    let bias = biases.get_mut(architecture.bias()).expect("the last layer has a bias");
    bias.f_sub_(&means).map(drop)
}

/// What a network takes, of bytes.
fn normal(bytes: &Tensor) -> Result<Tensor, TchError> {
    bytes.f_to_kind(Kind::Float)?.f_sub_scalar(127.5)?.f_div_scalar(63.75)
}

/// A network on a device, with the memory in which a batch is put together before it goes there.
#[derive(Debug)]
pub(crate) struct Net {
    architecture: Architecture,
    device: Device,
    layers: FuncT<'static>,
    /// Page-locked memory is copied by the device itself, and twice as fast.
    pinned: bool,
    staging: Tensor,
    _variables: VarStore,
}

impl Net {
    /// A network with room for batches of up to `batch` images.
    pub(crate) fn new(
        weights: &Weights,
        device: Device,
        batch: usize,
        pinned: bool,
    ) -> Result<Self, TchError> {
        let mut variables = VarStore::new(device);
        let layers = weights.architecture.layers(&variables.root());
        variables.copy(&weights.variables)?;
        let side = i64::from(weights.architecture.side());
        let staging = Tensor::f_zeros([rows(batch), 3, side, side], (Kind::Uint8, Device::Cpu))?;
        // `f_pin_memory` is the same with a warning of libtorch's: it no longer wants the device, and tch does not do without.
        let staging = if pinned { staging.f_internal_pin_memory(device)? } else { staging };
        Ok(Self {
            architecture: weights.architecture,
            device,
            layers,
            pinned,
            staging,
            _variables: variables,
        })
    }

    /// The label of each image, in main memory: the device has finished when this returns.
    pub(crate) fn labels(&mut self, images: Vec<Image>) -> Result<Vec<i64>, TchError> {
        let images = images.into_iter().map(Image::prepare).collect::<Result<Vec<_>, _>>()?;
        let batch = self.staging.f_narrow(0, 0, rows(images.len()))?;
        let _ = Tensor::f_stack_out(&batch, &images, 0)?;
        let batch = batch.f_to_device_(self.device, Kind::Uint8, self.pinned, false)?;
        Vec::try_from(self.of_batch(&batch)?.f_to(Device::Cpu)?)
    }

    pub(crate) fn device(&self) -> Device {
        self.device
    }

    /// Labels as many black images at once, and tells how many labels there were.
    pub(crate) fn label_black(&self, images: i64) -> Result<i64, TchError> {
        let side = i64::from(self.architecture.side());
        let black = Tensor::f_zeros([images, 3, side, side], (Kind::Uint8, self.device))?;
        Ok(self.of_batch(&black)?.f_to(Device::Cpu)?.size()[0])
    }

    /// Labels of bytes that are on the device, and stay there.
    fn of_batch(&self, bytes: &Tensor) -> Result<Tensor, TchError> {
        self.layers.forward_t(&normal(bytes)?, false).f_argmax(1, false)
    }
}

fn rows(count: usize) -> i64 {
    i64::try_from(count).expect("a batch is small")
}
