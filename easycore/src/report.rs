//! What a run did, in numbers.

use std::fmt;
use std::time::Duration;

use crate::device::Device;
use crate::error::Error;
use crate::failed::{FailedItem, FailedItems};
use crate::panic::drop_all_quietly;
use crate::worker::Worker;

/// What the last run did.
///
/// On every path, success, failure or cancel: `pulled = consumed + skipped + failed + discarded`.
///
/// # Example
///
/// ```
/// use easycore::parallel_runner;
///
/// #[parallel_runner]
/// impl Double {
///     fn producer_work(item: u32) -> u32 {
///         2 * item
///     }
/// }
///
/// let mut double = Double::new(2);
/// double.run(0..1_000)?;
/// let report = double.report().unwrap();
/// assert_eq!((report.pulled(), report.consumed()), (1_000, 1_000));
/// assert_eq!(report.workers().iter().map(|worker| worker.items).sum::<usize>(), 1_000);
/// println!("{report}");
/// # Ok::<(), easycore::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Report {
    pub(crate) pulled: usize,
    pub(crate) counts: Counts,
    pub(crate) skipped_items: FailedItems,
    pub(crate) elapsed: Duration,
    pub(crate) workers: Vec<WorkerReport>,
    pub(crate) lost_devices: LostDevices,
}

/// A device that was given up.
#[derive(Debug)]
#[non_exhaustive]
pub struct LostDevice {
    /// Which one.
    pub device: Device,
    /// Why.
    pub error: Error,
}

/// What became of the items that were pulled.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) consumed: usize,
    pub(crate) skipped: usize,
    pub(crate) failed: usize,
    pub(crate) discarded: usize,
}

/// What one worker did in a run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WorkerReport {
    /// Its number among all workers, from 0.
    pub index: usize,
    /// Where it works.
    pub device: Device,
    /// How many items it worked successfully.
    pub items: usize,
    /// How many attempts it made at items, or batches, that had failed before.
    pub retries: usize,
    /// How long it was in hooks.
    pub busy: Duration,
    /// How long it waited for input: in the iterator's `next()`, or for another worker to be done with it.
    pub starved: Duration,
    /// How long it waited for the consumer to make room in the window.
    pub blocked: Duration,
}

impl WorkerReport {
    pub(crate) fn new(worker: &Worker) -> Self {
        Self {
            index: worker.index(),
            device: worker.device().clone(),
            items: 0,
            retries: 0,
            busy: Duration::ZERO,
            starved: Duration::ZERO,
            blocked: Duration::ZERO,
        }
    }
}

/// Lost devices; their errors may be user types, and a panic when one is dropped ends here.
#[derive(Debug, Default)]
pub(crate) struct LostDevices(pub(crate) Vec<LostDevice>);

impl Drop for LostDevices {
    fn drop(&mut self) {
        drop_all_quietly(self.0.drain(..));
    }
}

impl Report {
    /// Items taken from the input, `Err` items of `try_run` included.
    #[must_use]
    pub fn pulled(&self) -> usize {
        self.pulled
    }

    /// Items whose output the consumer took.
    #[must_use]
    pub fn consumed(&self) -> usize {
        self.counts.consumed
    }

    /// Items that failed and were left out, as [`OnError`](crate::OnError) allows.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.counts.skipped
    }

    /// Items that failed and were not left out: the one that ended the run, and others that failed after it.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.counts.failed
    }

    /// Items that were pulled, but not worked or not consumed because the run had ended.
    #[must_use]
    pub fn discarded(&self) -> usize {
        self.counts.discarded
    }

    /// The first 1,000 skipped items or batches, in the order the consumer met them.
    #[must_use]
    pub fn skipped_items(&self) -> &[FailedItem] {
        self.skipped_items.as_slice()
    }

    /// How many attempts were made at items that had failed before: those of a batch count once. Only a runner with
    /// `retries` makes any.
    #[must_use]
    pub fn retries(&self) -> usize {
        self.workers.iter().map(|worker| worker.retries).sum()
    }

    /// Wall time of the run, without the start-up of workers.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Consumed items per second of [`elapsed`](Self::elapsed); 0 for a run of no time.
    #[must_use]
    pub fn items_per_second(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds == 0.0 {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no last digit")]
        let consumed = self.counts.consumed as f64;
        consumed / seconds
    }

    /// The devices that were given up, as [`Options::min_devices`](crate::Options::min_devices) allows.
    #[must_use]
    pub fn lost_devices(&self) -> &[LostDevice] {
        &self.lost_devices.0
    }

    /// What each worker did, by index.
    #[must_use]
    pub fn workers(&self) -> &[WorkerReport] {
        &self.workers
    }
}

impl fmt::Display for Report {
    /// A line of totals, a table of workers, and a line for each of the first skipped items.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 10;
        let Counts { consumed, skipped, failed, discarded } = self.counts;
        let decimals = if self.items_per_second() < 100.0 { 2 } else { 0 };
        write!(
            f,
            "{} pulled, {consumed} consumed, {skipped} skipped, {failed} failed, {discarded} discarded; ",
            self.pulled,
        )?;
        if self.retries() > 0 {
            write!(f, "{} retries; ", self.retries())?;
        }
        writeln!(f, "{:.3} s, {:.decimals$} items/s", self.elapsed.as_secs_f64(), self.items_per_second())?;
        write!(f, "worker  device       items    busy  starved  blocked")?;
        for worker in &self.workers {
            let share = |time: Duration| 100.0 * time.as_secs_f64() / self.elapsed.as_secs_f64().max(1e-9);
            write!(
                f,
                "\n{:>6}  {:<7} {:>10} {:>6.1}% {:>7.1}% {:>7.1}%",
                worker.index,
                worker.device,
                worker.items,
                share(worker.busy),
                share(worker.starved),
                share(worker.blocked),
            )?;
        }
        for LostDevice { device, error } in self.lost_devices() {
            write!(f, "\nlost {device}: {error}")?;
        }
        let mut unshown = skipped;
        for item in self.skipped_items().iter().take(SHOWN) {
            write!(f, "\nskipped: {item}")?;
            unshown -= item.count;
        }
        if unshown > 0 {
            write!(f, "\nand {unshown} more skipped")?;
        }
        Ok(())
    }
}
