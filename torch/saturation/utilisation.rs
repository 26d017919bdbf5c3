//! How busy a GPU is, asked of `nvidia-smi` all along.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use tch::Device;

use crate::machine::nvidia_smi;

/// What a sample tells of: the driver looks back over up to this many milliseconds.
const LOOKS_BACK: u128 = 200;
const PERIOD: &str = "--loop-ms=100";

/// `nvidia-smi` at work, until this is dropped.
pub(crate) struct Utilisation {
    child: Child,
    samples: Arc<Mutex<Vec<(Instant, f64)>>>,
}

impl Utilisation {
    /// `None` where there is no GPU, or no `nvidia-smi`.
    pub(crate) fn watch(device: Device) -> Option<Self> {
        let mut command = nvidia_smi(device, "utilization.gpu")?;
        let mut child = command.arg(PERIOD).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let lines = BufReader::new(child.stdout.take()?).lines();
        let samples = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&samples);
        // Ends with the child's output.
        thread::spawn(move || {
            for percent in lines.map_while(Result::ok).filter_map(|line| line.trim().parse().ok()) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), percent));
            }
        });
        Some(Self { child, samples })
    }

    /// The mean, in percent, of what was sampled since then; `None` if that was too short for a sample.
    pub(crate) fn since(&self, begun: Instant) -> Option<f64> {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let of_it = samples.iter().rev().map_while(|(at, percent)| {
            let into = at.checked_duration_since(begun)?;
            (into.as_millis() >= LOOKS_BACK).then_some(*percent)
        });
        let (sum, count) = of_it.fold((0.0, 0.0), |(sum, count), percent| (sum + percent, count + 1.0));
        (count > 0.0).then(|| sum / count)
    }
}

impl Drop for Utilisation {
    fn drop(&mut self) {
        // It has ended already if that fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
