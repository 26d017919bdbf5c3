//! What becomes of failures on a device, and of its memory: most of it can only be checked where there is a GPU.
//!
//! Not checked is an assertion that fails on the GPU itself, such as an index out of range: it breaks the process's CUDA
//! context, and nothing but a new process mends that.

use easycore::{Devices, ErrorKind, OnError, Options, parallel_runner};
use tch::{Device, Kind, TchError, Tensor};

use crate::contenders::Failure;
use crate::footprint::{self, Cache};
use crate::machine::memory_of_gpu;
use crate::model::{Architecture, Net, Weights};

/// What came of a check that was not in vain.
enum Finding {
    Holds(String),
    Fails(String),
    /// With the reason why there was nothing to check.
    Skipped(&'static str),
}

type Check = fn(Device, &Weights) -> Result<Finding, Failure>;

const CHECKS: [(&str, Check); 6] = [
    ("a device that is not there is an error that says what there is", missing_device),
    ("too large a batch is an error, and the next run works", out_of_memory),
    ("too large a batch can be skipped, and the others go on", out_of_memory_skipped),
    ("a panic inside libtorch is an error, and the next run works", panic_inside),
    ("a processor and a GPU share one input by their speed", shared_by_speed),
    ("a closed runner gives the device's memory back", memory_back),
];

/// Prints what each check found; whether none failed.
pub(crate) fn all(device: Device) -> Result<bool, Failure> {
    let weights = Weights::random(Architecture::for_device(device))?;
    let mut held = true;
    for (promise, check) in CHECKS {
        let finding = check(device, &weights).unwrap_or_else(|error| Finding::Fails(error.to_string()));
        match finding {
            Finding::Holds(what) => println!("ok       {promise}: {what}"),
            Finding::Skipped(why) => println!("skipped  {promise}: {why}"),
            Finding::Fails(what) => {
                held = false;
                println!("FAILED   {promise}: {what}");
            }
        }
    }
    Ok(held)
}

#[derive(Debug, Clone, Copy)]
enum Task {
    /// A batch of so many black images.
    Label(i64),
    /// A product of matrices that do not fit, by a function of tch that panics.
    Mismatch,
}

#[parallel_runner(unordered, config = Weights)]
impl Tasks {
    fn producer_init(device: Device, weights: &Weights) -> Result<Net, TchError> {
        Net::new(weights, device, 1, false)
    }
    fn producer_work(net: &mut Net, task: Task) -> Result<i64, TchError> {
        match task {
            Task::Label(images) => net.label_black(images),
            Task::Mismatch => {
                let matrix = Tensor::f_zeros([2, 3], (Kind::Float, net.device()))?;
                Ok(matrix.matmul(&matrix).size()[0])
            }
        }
    }
}

/// A hundred tasks, the one in the middle as given.
fn around(middle: Task) -> Vec<Task> {
    let mut tasks = vec![Task::Label(1); 100];
    tasks[MIDDLE] = middle;
    tasks
}

const MIDDLE: usize = 50;

/// More images than the device has memory for, once their bytes are numbers.
fn too_many(device: Device, weights: &Weights) -> Task {
    let bytes = 3.0 * f64::from(weights.architecture.side()).powi(2);
    let memory = memory_of_gpu(device).map_or(1e18, |mebibytes| mebibytes * 1_048_576.0);
    #[expect(clippy::cast_possible_truncation, reason = "it need not be exact")]
    Task::Label((memory / 4.0 / bytes) as i64)
}

fn missing_device(device: Device, weights: &Weights) -> Result<Finding, Failure> {
    let mut tasks = Tasks::new("cuda:113", weights.clone());
    let Err(error) = tasks.start() else { return Ok(Finding::Fails("it started".to_owned())) };
    let text = error.to_string();
    let here = if device == Device::Cpu { "`cpu`" } else { "`cuda:0`" };
    let told = error.kind() == ErrorKind::Init && text.contains("cuda:113") && text.contains(here);
    let all = if device == Device::Cpu { 0 } else { Devices::cudas()?.as_slice().len() };
    Ok(judged(told, format!("{text}; `Devices::cudas()` has {all}")))
}

fn out_of_memory(device: Device, weights: &Weights) -> Result<Finding, Failure> {
    let tasks = Tasks::new([device; 2], weights.clone());
    fails_and_goes_on(tasks, too_many(device, weights), |error| {
        error.kind() == ErrorKind::Work && !error.is_panic()
    })
}

fn panic_inside(device: Device, weights: &Weights) -> Result<Finding, Failure> {
    let tasks = Tasks::new([device; 2], weights.clone());
    fails_and_goes_on(tasks, Task::Mismatch, easycore::Error::is_panic)
}

/// Whether a run ends with the error of its one bad task, and the next one has none.
fn fails_and_goes_on(
    mut tasks: Tasks,
    bad: Task,
    is_meant: impl Fn(&easycore::Error) -> bool,
) -> Result<Finding, Failure> {
    let Err(error) = tasks.run(around(bad)) else { return Ok(Finding::Fails("nothing failed".to_owned())) };
    let labels = tasks.run(around(Task::Label(1)))?.len();
    let held = is_meant(&error) && error.item() == Some(MIDDLE) && labels == 100;
    Ok(judged(held, format!("{}; then {labels} of 100 labels", short(&error.to_string()))))
}

fn out_of_memory_skipped(device: Device, weights: &Weights) -> Result<Finding, Failure> {
    let mut tasks =
        Tasks::new([device; 2], weights.clone()).options(Options::new().on_error(OnError::skip(1)));
    let labels = tasks.run(around(too_many(device, weights)))?.len();
    let skipped = tasks.report().map_or(0, |report| report.skipped_items()[0].index);
    Ok(judged(labels == 99 && skipped == MIDDLE, format!("{labels} of 99 labels, without item {skipped}")))
}

fn shared_by_speed(device: Device, weights: &Weights) -> Result<Finding, Failure> {
    const OFF_BY: f64 = 0.1;
    if device == Device::Cpu {
        return Ok(Finding::Skipped("there is one kind of device here"));
    }
    let mut tasks = Tasks::new([Device::Cpu, device], weights.clone());
    tasks.run(vec![Task::Label(1); 200])?;
    tasks.run(vec![Task::Label(1); 3_000])?;
    let Some([processor, gpu]) = tasks.report().map(easycore::Report::workers) else {
        return Ok(Finding::Fails("there are no two workers in the report".to_owned()));
    };
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let [by_processor, by_gpu] = [processor.items as f64, gpu.items as f64];
    let speeds = [by_processor / processor.busy.as_secs_f64(), by_gpu / gpu.busy.as_secs_f64()];
    let (share, fair) = (by_gpu / (by_processor + by_gpu), speeds[1] / (speeds[0] + speeds[1]));
    let what = format!("the GPU did {:.1} % and is {:.1} % of the speed", 100.0 * share, 100.0 * fair);
    Ok(judged((share - fair).abs() < OFF_BY, what))
}

fn memory_back(device: Device, _: &Weights) -> Result<Finding, Failure> {
    const WORKERS: u8 = 2;
    /// Half of what the weights of a network take, in MiB.
    const AT_LEAST: f64 = 20.0;
    const NOTHING: f64 = 16.0;
    if device == Device::Cpu {
        return Ok(Finding::Skipped("the system's allocator decides when it gives memory back"));
    }
    let Some(stages) = footprint::of_child(device, WORKERS.into(), Cache::Off)? else {
        return Ok(Finding::Skipped("there is no `nvidia-smi` to ask"));
    };
    let [started, worked, closed, again] = stages[..] else { return Err("figures are missing".into()) };
    let given_back = worked - closed >= f64::from(WORKERS) * AT_LEAST && again - closed <= NOTHING;
    let what =
        format!("started {started}, worked {worked}, closed {closed}, closed after another run {again} MiB");
    Ok(judged(given_back, what))
}

fn judged(held: bool, what: String) -> Finding {
    if held { Finding::Holds(what) } else { Finding::Fails(what) }
}

/// Without where in libtorch it happened.
fn short(text: &str) -> String {
    text.chars().take(200).collect()
}
