//! The network of the predictor examples: one input, three outputs.

use tch::{Device, TchError, Tensor, nn};

const WEIGHT: [f32; 3] = [0.5, -1.0, 0.25];
const BIAS: [f32; 3] = [0.25, 0.5, -0.125];

/// Makes the network on a device: one linear layer, rectified. A real one would read its weights from a file here, by
/// [`nn::VarStore::load`], and take its time.
///
/// # Errors
/// When the device fails.
///
/// ```
/// use easycore_torch::net;
/// use tch::{Device, Tensor, nn::Module};
///
/// let outputs = net(Device::Cpu)?.forward(&Tensor::from_slice(&[2.0_f32]));
/// assert_eq!(Vec::<f32>::try_from(outputs)?, [1.25, 0.0, 0.375]);
/// # Ok::<(), tch::TchError>(())
/// ```
pub fn net(device: Device) -> Result<nn::Sequential, TchError> {
    let weights = nn::VarStore::new(device);
    let root = weights.root();
    let linear = nn::Linear {
        ws: root.f_var_copy("weight", &Tensor::f_from_slice(&WEIGHT)?.f_unsqueeze(1)?)?,
        bs: Some(root.f_var_copy("bias", &Tensor::f_from_slice(&BIAS)?)?),
    };
    Ok(nn::seq().add(linear).add_fn(Tensor::relu))
}
