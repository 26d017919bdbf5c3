//! The list of devices a runner works on, and everything a caller may pass for one.

use std::num::NonZero;
use std::str::FromStr;
use std::thread;

use crate::device::Device;
use crate::error::{Error, ErrorKind};

/// The most workers one runner may have.
pub(crate) const MAX_WORKERS: usize = 1024;

/// The devices of a runner: one worker for each mention, at least one and at most 1,024.
///
/// # Example
///
/// ```
/// use easycore::{Device, Devices};
///
/// let devices: Devices = "cpu, cuda:0, cuda:0".parse()?;
/// assert_eq!(devices.as_slice(), [Device::Cpu, Device::Cuda(0), Device::Cuda(0)]);
/// # Ok::<(), easycore::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Devices(Vec<Device>);

impl Devices {
    /// One CPU worker for each core this process may use, as the operating system tells it, or one if it does not.
    ///
    /// # Example
    ///
    /// ```
    /// assert!(!easycore::Devices::cpus().as_slice().is_empty());
    /// ```
    #[must_use]
    pub fn cpus() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Self(vec![Device::Cpu; cores.min(MAX_WORKERS)])
    }

    /// The devices in the order they were named.
    #[must_use]
    pub fn as_slice(&self) -> &[Device] {
        &self.0
    }

    /// One worker on each of some GPUs.
    #[cfg(feature = "tch")]
    pub(crate) fn of_cuda(indices: Vec<usize>) -> Result<Self, Error> {
        Self::collect(indices.len(), indices.into_iter().map(|index| Ok(Device::Cuda(index))))
    }

    /// How many different ones there are.
    pub(crate) fn distinct(&self) -> usize {
        self.0.iter().enumerate().filter(|(index, device)| !self.0[..*index].contains(device)).count()
    }

    /// Checks the length before anything is collected.
    fn collect(count: usize, devices: impl Iterator<Item = Result<Device, Error>>) -> Result<Self, Error> {
        if count == 0 {
            return Err(Error::new(
                ErrorKind::Devices,
                "no devices: pass a count of CPU workers above 0, a `Device`, or a list of them",
            ));
        }
        check_workers(count)?;
        devices.collect::<Result<_, _>>().map(Self)
    }
}

/// Refuses more workers than a runner may have.
pub(crate) fn check_workers(count: usize) -> Result<(), Error> {
    if count <= MAX_WORKERS {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Devices,
        format!("{count} workers are too many: at most {MAX_WORKERS} per runner"),
    ))
}

impl FromStr for Devices {
    type Err = Error;

    /// Reads device names separated by commas.
    fn from_str(text: &str) -> Result<Self, Error> {
        let count = text.split(',').count();
        Self::collect(count, text.split(',').map(Device::from_str)).map_err(|error| {
            if count == 1 || count > MAX_WORKERS {
                return error;
            }
            Error::new(ErrorKind::Devices, format!("in the device list {text:?}: {error}"))
        })
    }
}

/// What names devices: a count of CPU workers, `"cuda:0"`, `"cpu, cuda:0"`, a [`Device`], [`Devices`], or an array,
/// slice or `Vec` of names or devices. With the features `tch` and `candle` their devices are devices, too.
///
/// # Example
///
/// ```
/// use easycore::{Device, IntoDevices};
///
/// assert_eq!(3.into_devices()?.as_slice().len(), 3);
/// assert_eq!(["cuda:0", "cpu"].into_devices()?.as_slice(), [Device::Cuda(0), Device::Cpu]);
/// assert!("gpu".into_devices().is_err());
/// # Ok::<(), easycore::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name devices",
    label = "not devices",
    note = "pass a count, a `Device`, or a list of them: `3`, `\"cuda:0\"`, `[\"cuda:0\", \"cuda:1\"]`, `Devices::cpus()`; with easycore's features `tch` and `candle` also their devices"
)]
pub trait IntoDevices {
    /// Makes the list.
    ///
    /// # Errors
    /// [`ErrorKind::Devices`] for a text that names no device, an empty list, 0, or more than 1,024.
    fn into_devices(self) -> Result<Devices, Error>;
}

impl IntoDevices for Devices {
    fn into_devices(self) -> Result<Devices, Error> {
        Ok(self)
    }
}

/// So that [`new`](crate::Runner::new) takes what may fail, and `start` or `run` returns the error.
impl IntoDevices for Result<Devices, Error> {
    fn into_devices(self) -> Result<Devices, Error> {
        self
    }
}

// The only integer, so that a literal infers its type.
impl IntoDevices for usize {
    fn into_devices(self) -> Result<Devices, Error> {
        Devices::collect(self, (0..self).map(|_| Ok(Device::Cpu)))
    }
}

impl IntoDevices for Device {
    fn into_devices(self) -> Result<Devices, Error> {
        Ok(Devices(vec![self]))
    }
}

impl IntoDevices for &str {
    fn into_devices(self) -> Result<Devices, Error> {
        self.parse()
    }
}

impl IntoDevices for String {
    fn into_devices(self) -> Result<Devices, Error> {
        self.parse()
    }
}

impl IntoDevices for &String {
    fn into_devices(self) -> Result<Devices, Error> {
        self.parse()
    }
}

/// What may stand for one device in a list.
pub(crate) mod sealed {
    use super::{Device, Error};

    #[diagnostic::on_unimplemented(
        message = "`{Self}` does not name a device",
        label = "not a list of devices",
        note = "a list holds names, as in `[\"cuda:0\", \"cuda:1\"]`, or `Device`s; with easycore's features `tch` and `candle` also their devices"
    )]
    pub trait NamesDevice {
        fn device(&self) -> Result<Device, Error>;
    }

    #[diagnostic::do_not_recommend]
    impl NamesDevice for Device {
        fn device(&self) -> Result<Device, Error> {
            Ok(self.clone())
        }
    }

    #[diagnostic::do_not_recommend]
    impl NamesDevice for str {
        fn device(&self) -> Result<Device, Error> {
            self.parse()
        }
    }

    #[diagnostic::do_not_recommend]
    impl NamesDevice for String {
        fn device(&self) -> Result<Device, Error> {
            self.parse()
        }
    }

    #[diagnostic::do_not_recommend]
    impl<T: NamesDevice + ?Sized> NamesDevice for &T {
        fn device(&self) -> Result<Device, Error> {
            (**self).device()
        }
    }
}

impl<T: sealed::NamesDevice> IntoDevices for &[T] {
    fn into_devices(self) -> Result<Devices, Error> {
        Devices::collect(self.len(), self.iter().map(sealed::NamesDevice::device))
    }
}

impl<T: sealed::NamesDevice, const N: usize> IntoDevices for [T; N] {
    fn into_devices(self) -> Result<Devices, Error> {
        self.as_slice().into_devices()
    }
}

impl<T: sealed::NamesDevice, const N: usize> IntoDevices for &[T; N] {
    fn into_devices(self) -> Result<Devices, Error> {
        self.as_slice().into_devices()
    }
}

impl<T: sealed::NamesDevice> IntoDevices for Vec<T> {
    fn into_devices(self) -> Result<Devices, Error> {
        self.as_slice().into_devices()
    }
}

impl<T: sealed::NamesDevice> IntoDevices for &Vec<T> {
    fn into_devices(self) -> Result<Devices, Error> {
        self.as_slice().into_devices()
    }
}
