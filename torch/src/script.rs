//! The model that Python has exported, and what it makes of handwritten digits there.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use easycore::HookError;
use tch::{CModule, Device, TchError, Tensor};

/// The model: labels handwritten digits, and was exported by `torch/scripts/export.py`.
#[must_use]
pub fn shipped_model() -> PathBuf {
    shipped("digits.pt")
}

/// Loads onto a device a model that `torch.jit.save` has written.
///
/// # Errors
/// When it cannot be read, or the device does not take it. Displays as one line that names the file.
///
/// ```
/// use easycore_torch::{load, shipped_model};
/// use tch::Device;
///
/// assert!(load(&shipped_model(), Device::Cpu).is_ok());
/// ```
pub fn load(path: &Path, device: Device) -> Result<CModule, HookError> {
    let load = || CModule::load_data_on_device(&mut File::open(path)?, device);
    load().map_err(|error: TchError| {
        let error = error.to_string();
        // What libtorch says further down is where in its sources that was.
        let why = error.lines().next().unwrap_or_default().trim_end_matches('.');
        format!("cannot load {}: {why}; `torch/scripts/export.py` makes such files", path.display()).into()
    })
}

/// Handwritten digits, and what the shipped model makes of them in Python.
#[derive(Debug)]
pub struct Digits {
    /// Bytes from 0 for paper to 16 for ink, of shape \[N, 8, 8\].
    pub images: Tensor,
    /// What they show, of shape \[N\].
    pub labels: Tensor,
    /// How likely each image is each of the ten digits, of shape \[N, 10\].
    pub probabilities: Tensor,
}

impl Digits {
    /// The digits that the shipped model was not trained on.
    ///
    /// # Errors
    /// When the repository's file of them cannot be read.
    ///
    /// ```
    /// let digits = easycore_torch::Digits::shipped()?;
    /// assert_eq!(digits.images.size(), [360, 8, 8]);
    /// assert_eq!(digits.probabilities.size(), [360, 10]);
    /// # Ok::<(), easycore::HookError>(())
    /// ```
    pub fn shipped() -> Result<Self, HookError> {
        let path = shipped("digits.npz");
        let read = || {
            let mut tensors: HashMap<String, Tensor> = Tensor::read_npz(&path)?.into_iter().collect();
            let mut take = |name: &str| {
                let missing = || TchError::TensorNameNotFound(name.to_owned(), "it".to_owned());
                tensors.remove(name).ok_or_else(missing)
            };
            Ok(Self {
                images: take("images")?,
                labels: take("labels")?,
                probabilities: take("probabilities")?,
            })
        };
        read().map_err(|error: TchError| format!("cannot read {}: {error}", path.display()).into())
    }

    /// How many of them `outputs`, probabilities in the order of the images, label right, and how close they are to Python's.
    ///
    /// # Errors
    /// When they are not probabilities of ten digits for each image.
    pub fn judge(&self, outputs: &[Tensor]) -> Result<String, TchError> {
        let outputs = Tensor::f_cat(outputs, 0)?;
        let difference = self.difference(&outputs)?;
        let right = i64::try_from(outputs.f_argmax(1, false)?.f_eq_tensor(&self.labels)?.f_sum(None)?)?;
        Ok(format!("{right} of {} right, at most {difference:.1e} from PyTorch", outputs.size()[0]))
    }

    /// By how much `probabilities` differ from Python's at the most.
    ///
    /// # Errors
    /// When there are not ten of them for each image.
    pub fn difference(&self, probabilities: &Tensor) -> Result<f64, TchError> {
        probabilities.f_sub(&self.probabilities)?.f_abs()?.f_max()?.try_into()
    }
}

fn shipped(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "data", name].iter().collect()
}
