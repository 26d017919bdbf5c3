//! What the machine tells of this process, of its GPU, and of itself.

use std::env;
use std::fs;
use std::process::Command;
use std::thread;

use tch::Device;

/// How many threads of this process have a name that begins with `name`. The threads on which libtorch spreads an operation
/// have the name of the one that asked for it.
pub(crate) fn threads_named(name: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    tasks
        .filter(|task| fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.starts_with(name)))
        .count()
}

/// The memory in use that counts on a device, in MiB: this process's own in main memory, or everybody's on a GPU.
pub(crate) fn memory_in_use(device: Device) -> Option<f64> {
    match device {
        Device::Cuda(_) => gpu(device, "memory.used"),
        _ => Some(
            value_of("/proc/self/status", "VmRSS")?.strip_suffix("kB")?.trim().parse::<f64>().ok()? / 1024.0,
        ),
    }
}

/// All the memory that a GPU has, in MiB.
pub(crate) fn memory_of_gpu(device: Device) -> Option<f64> {
    gpu(device, "memory.total")
}

fn gpu(device: Device, what: &str) -> Option<f64> {
    ask_gpu(device, what)?.parse().ok()
}

fn ask_gpu(device: Device, what: &str) -> Option<String> {
    let output = nvidia_smi(device, what)?.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// `nvidia-smi`, asked for something of this GPU. It counts all GPUs, or takes their names, whatever `CUDA_VISIBLE_DEVICES` says;
/// in the order in which CUDA counts them where they are all alike, or `CUDA_DEVICE_ORDER=PCI_BUS_ID`.
pub(crate) fn nvidia_smi(device: Device, what: &str) -> Option<Command> {
    let Device::Cuda(index) = device else { return None };
    let visible = env::var("CUDA_VISIBLE_DEVICES").ok();
    let visible = visible.as_ref().and_then(|list| Some(list.split(',').nth(index)?.trim().to_owned()));
    let mut command = tool("nvidia-smi");
    command
        .arg(format!("--query-gpu={what}"))
        .arg("--format=csv,noheader,nounits")
        .args(["-i", &visible.unwrap_or_else(|| index.to_string())]);
    Some(command)
}

/// Another program, spared the libraries that this one may have been started with.
fn tool(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env_remove("LD_PRELOAD");
    command
}

/// One line: the day, the device and the machine.
pub(crate) fn about(device: Device) -> String {
    let today = tool("date").args(["-u", "+%F"]).output().ok();
    let today =
        today.map_or_else(String::new, |output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let cpu = value_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let gpu = ask_gpu(device, "name,driver_version").map(|gpu| format!("{gpu}, ")).unwrap_or_default();
    format!("{today}, {gpu}{cpu}, {} cores", cores())
}

pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The value of the first line `key: value` of a file under `/proc`.
fn value_of(path: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}
