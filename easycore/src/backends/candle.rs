//! The feature `candle`: a worker's device as candle has it.

use candle_core::DeviceLocation;

use crate::device::Device;
use crate::devices::sealed::NamesDevice;
use crate::devices::{Devices, IntoDevices};
use crate::error::Error;
use crate::hooks::HookError;
use crate::worker::{FromWorker, Worker};

/// The worker's device for candle, made once for each worker.
///
/// An error where candle cannot use it, which tells why.
#[cfg_attr(docsrs, doc(cfg(feature = "candle")))]
#[diagnostic::do_not_recommend]
impl<'w> FromWorker<'w> for &'w candle_core::Device {
    fn from_worker(worker: &'w Worker) -> Result<Self, HookError> {
        if let Some(device) = worker.candle.get() {
            return Ok(device);
        }
        check(worker.device())?;
        let device = candle_core::Device::try_from(worker.device())?;
        Ok(worker.candle.get_or_init(|| device))
    }
}

/// The same as for `&candle_core::Device`.
#[cfg_attr(docsrs, doc(cfg(feature = "candle")))]
#[diagnostic::do_not_recommend]
impl FromWorker<'_> for candle_core::Device {
    fn from_worker(worker: &Worker) -> Result<Self, HookError> {
        <&candle_core::Device>::from_worker(worker).cloned()
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "candle")))]
impl TryFrom<&Device> for candle_core::Device {
    type Error = candle_core::Error;

    /// Opens the device; candle's own error where it cannot.
    fn try_from(device: &Device) -> candle_core::Result<Self> {
        match device {
            Device::Cpu => Ok(Self::Cpu),
            Device::Cuda(index) => Self::new_cuda(*index),
            Device::Mps => Self::new_metal(0),
        }
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "candle")))]
impl From<&candle_core::Device> for Device {
    fn from(device: &candle_core::Device) -> Self {
        match device.location() {
            DeviceLocation::Cpu => Self::Cpu,
            DeviceLocation::Cuda { gpu_id } => Self::Cuda(gpu_id),
            DeviceLocation::Metal { .. } => Self::Mps,
        }
    }
}

impl NamesDevice for candle_core::Device {
    fn device(&self) -> Result<Device, Error> {
        Ok(Device::from(self))
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "candle")))]
impl IntoDevices for candle_core::Device {
    fn into_devices(self) -> Result<Devices, Error> {
        [self].into_devices()
    }
}

/// Tells of a device that candle was built without; candle itself tells of one that is not there.
fn check(device: &Device) -> Result<(), HookError> {
    let (feature, built) = match device {
        Device::Cpu => return Ok(()),
        Device::Cuda(_) => ("cuda", candle_core::utils::cuda_is_available()),
        Device::Mps => ("metal", candle_core::utils::metal_is_available()),
    };
    if built {
        return Ok(());
    }
    Err(format!("no such device here: candle has only `cpu`, it is built without its feature `{feature}`")
        .into())
}
