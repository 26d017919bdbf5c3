//! The feature `tch`: a worker's device as libtorch has it, and its thread as libtorch wants it.

use std::cell::Cell;
use std::env;
use std::sync::{Mutex, PoisonError};
use std::thread;

use ::tch::{Cuda, no_grad_guard, utils};

use super::launcher::Local;
use crate::device::Device;
use crate::devices::sealed::NamesDevice;
use crate::devices::{Devices, IntoDevices};
use crate::error::{Error, ErrorKind};
use crate::hooks::HookError;
use crate::worker::{FromWorker, Worker};

/// The worker's device for libtorch; its thread is made ready for libtorch, see [the feature `tch`](crate#on-libtorch).
///
/// An error where libtorch has no such device, which tells what there is.
#[cfg_attr(docsrs, doc(cfg(feature = "tch")))]
#[diagnostic::do_not_recommend]
impl<'w> FromWorker<'w> for &'w ::tch::Device {
    fn from_worker(worker: &'w Worker) -> Result<Self, HookError> {
        let device = ::tch::Device::from(worker.device());
        check(device)?;
        make_thread_ready(worker);
        Ok(worker.tch.get_or_init(|| device))
    }
}

/// The same as for `&tch::Device`.
#[cfg_attr(docsrs, doc(cfg(feature = "tch")))]
#[diagnostic::do_not_recommend]
impl FromWorker<'_> for ::tch::Device {
    fn from_worker(worker: &Worker) -> Result<Self, HookError> {
        <&::tch::Device>::from_worker(worker).copied()
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "tch")))]
impl From<&Device> for ::tch::Device {
    fn from(device: &Device) -> Self {
        match device {
            Device::Cpu => Self::Cpu,
            Device::Cuda(index) => Self::Cuda(*index),
            Device::Mps => Self::Mps,
        }
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "tch")))]
impl From<Device> for ::tch::Device {
    fn from(device: Device) -> Self {
        Self::from(&device)
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "tch")))]
impl TryFrom<::tch::Device> for Device {
    type Error = Error;

    /// An error of kind [`ErrorKind::Devices`] for `Vulkan`, which libtorch can move tensors to and hardly compute on.
    fn try_from(device: ::tch::Device) -> Result<Self, Error> {
        match device {
            ::tch::Device::Cpu => Ok(Self::Cpu),
            ::tch::Device::Cuda(index) => Ok(Self::Cuda(index)),
            ::tch::Device::Mps => Ok(Self::Mps),
            ::tch::Device::Vulkan => Err(Error::new(
                ErrorKind::Devices,
                "easycore has no Vulkan device: use `cpu`, `cuda:N` or `mps`",
            )),
        }
    }
}

impl NamesDevice for ::tch::Device {
    fn device(&self) -> Result<Device, Error> {
        Device::try_from(*self)
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "tch")))]
impl IntoDevices for ::tch::Device {
    fn into_devices(self) -> Result<Devices, Error> {
        [self].into_devices()
    }
}

impl Devices {
    /// Every GPU that libtorch sees, one worker for each: `CUDA_VISIBLE_DEVICES` decides which, and in what order.
    ///
    /// Where a launcher (`torchrun`, `accelerate`, Open MPI, MPICH, MVAPICH) has started several processes on this machine and told
    /// each its number in `LOCAL_RANK` or a variable of its own, each gets its share of the GPUs: `cuda:N` for number `N` where
    /// there are as many processes as GPUs, and every `P`th GPU from `N` on where there are `P` processes.
    ///
    /// # Errors
    /// [`ErrorKind::Devices`] where libtorch sees none, saying why as far as it can be known. `new` takes the `Result` as
    /// well, and `start` or `run` then return the error.
    ///
    /// # Example
    ///
    /// ```
    /// use easycore::{Devices, parallel_runner};
    ///
    /// #[parallel_runner]
    /// impl Norms {
    ///     fn producer_init(device: tch::Device) -> tch::Device {
    ///         device
    ///     }
    ///     fn producer_work(device: &mut tch::Device, vector: Vec<f32>) -> Result<f64, tch::TchError> {
    ///         tch::Tensor::from_slice(&vector).to(*device).norm().try_into()
    ///     }
    /// }
    ///
    /// let mut norms = Norms::new(Devices::cudas().unwrap_or(Devices::cpus()));
    /// assert_eq!(norms.run([vec![3.0, 4.0]])?, [5.0]);
    /// # Ok::<(), easycore::Error>(())
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "tch")))]
    pub fn cudas() -> Result<Self, Error> {
        let count = visible();
        if count == 0 {
            let why = format!("libtorch {}; `Devices::cpus()` is one worker for each core", sees_no_gpu());
            return Err(Error::new(ErrorKind::Devices, why));
        }
        let mine = Local::of_process().map_or_else(|| (0..count).collect(), |local| local.share(count));
        Self::of_cuda(mine)
    }
}

/// How many CUDA devices libtorch sees.
fn visible() -> usize {
    if !Cuda::is_available() {
        return 0;
    }
    usize::try_from(Cuda::device_count()).unwrap_or_default()
}

fn check(device: ::tch::Device) -> Result<(), HookError> {
    let there = match device {
        ::tch::Device::Cuda(index) => index < visible(),
        ::tch::Device::Mps => utils::has_mps(),
        ::tch::Device::Cpu | ::tch::Device::Vulkan => true,
    };
    if there {
        return Ok(());
    }
    let why =
        if device.is_cuda() && visible() == 0 { format!(", and {}", sees_no_gpu()) } else { String::new() };
    Err(format!("no such device here: libtorch has {}{why}", what_there_is()).into())
}

/// What there is, for who has asked for something else.
fn what_there_is() -> String {
    let cudas = match visible() {
        0 => String::new(),
        1 => " and `cuda:0`".to_owned(),
        count => format!(" and `cuda:0` to `cuda:{}`", count - 1),
    };
    let only = if cudas.is_empty() && !utils::has_mps() { "only " } else { "" };
    let mps = if utils::has_mps() { " and `mps`" } else { "" };
    format!("{only}`cpu`{cudas}{mps}")
}

/// That there is no GPU, and why, as far as it can be known.
fn sees_no_gpu() -> String {
    let why = if !utils::has_cudart() {
        "its part for CUDA is not loaded, because LIBTORCH has none or the program is not linked to it (see `On libtorch` in the \
         documentation of easycore)"
            .to_owned()
    } else if let Ok(list) = env::var("CUDA_VISIBLE_DEVICES") {
        format!("CUDA_VISIBLE_DEVICES is {list:?}")
    } else {
        "`nvidia-smi` tells whether the driver does".to_owned()
    };
    format!("sees no GPU: {why}")
}

/// Turns gradients off on this thread, and has it use no more than its share of the cores.
fn make_thread_ready(worker: &Worker) {
    thread_local! {
        static HAS_SHARE: Cell<bool> = const { Cell::new(false) };
    }
    // For every state, because a hook that panics inside of `with_grad` leaves them on. The drop would do so, too.
    std::mem::forget(no_grad_guard());
    if !HAS_SHARE.replace(true) {
        share_cores(worker.num_workers());
    }
}

/// Has libtorch use at most one `workers`th of the cores for an operation of this thread.
fn share_cores(workers: usize) {
    // What threads yet to come would use is read and changed below.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one_at_a_time = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);

    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = i32::try_from(cores / workers).unwrap_or(i32::MAX).max(1);
    // Asking settles the number for this thread; later changes elsewhere do not reach it.
    let configured = utils::get_num_threads();
    if share >= configured {
        return;
    }
    utils::set_num_threads(share);
    // That was for this thread and for all that have not used libtorch so far; the latter are none of ours.
    let give_back = move || utils::set_num_threads(configured);
    if let Ok(thread) = thread::Builder::new().name("easycore-libtorch".to_owned()).spawn(give_back) {
        // It can only fail by a panic of `set_num_threads`, which has just worked.
        let _ = thread.join();
    }
}
