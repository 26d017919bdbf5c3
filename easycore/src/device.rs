//! One device, and how it is written.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// Where a worker works. Written `cpu`, `cuda:0`, `mps`; `cuda` alone is `cuda:0`.
///
/// easycore itself does nothing with a device but hand it to `producer_init`: one worker is made per mention.
///
/// # Example
///
/// ```
/// use easycore::Device;
///
/// assert_eq!("cuda:1".parse::<Device>()?, Device::Cuda(1));
/// assert_eq!(Device::Cpu.to_string(), "cpu");
/// # Ok::<(), easycore::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Device {
    /// The processor: one worker uses one thread.
    Cpu,
    /// A GPU that CUDA sees, by its number among the visible ones, from 0.
    Cuda(usize),
    /// The GPU of an Apple machine.
    Mps,
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.pad("cpu"),
            Device::Cuda(index) => f.pad(&format!("cuda:{index}")),
            Device::Mps => f.pad("mps"),
        }
    }
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text.trim()).ok_or_else(|| {
            Error::new(
                ErrorKind::Devices,
                format!("{text:?} is not a device: write `cpu`, `cuda`, `cuda:N` or `mps`"),
            )
        })
    }
}

impl Device {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "cpu" => Some(Device::Cpu),
            "cuda" => Some(Device::Cuda(0)),
            "mps" => Some(Device::Mps),
            _ => {
                let index = text.strip_prefix("cuda:")?;
                // `parse` alone would let a sign through.
                let digits = index.bytes().all(|byte| byte.is_ascii_digit());
                digits.then(|| index.parse().ok()).flatten().map(Device::Cuda)
            }
        }
    }
}
