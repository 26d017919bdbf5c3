//! Which devices a run can still count on, and which have been given up.

use crate::device::Device;
use crate::error::Error;
use crate::options::Options;
use crate::panic::drop_quietly;
use crate::report::{LostDevice, LostDevices};
use crate::sync::Mutex;
use crate::worker::Worker;

/// The devices of a run.
#[derive(Debug)]
pub(crate) struct Roster {
    /// How many devices must be left for the run to go on; without it none may be lost.
    min_devices: Option<usize>,
    records: Mutex<Vec<Record>>,
}

#[derive(Debug)]
struct Record {
    device: Device,
    /// Why it was given up.
    lost: Option<Error>,
}

impl Roster {
    pub(crate) fn new<'d>(devices: impl Iterator<Item = &'d Device>, options: &Options) -> Self {
        let record = |device: &Device| Record { device: device.clone(), lost: None };
        Self { min_devices: options.min_devices, records: Mutex::new(devices.map(record).collect()) }
    }

    /// Whether a device may be lost at all.
    pub(crate) fn can_spare(&self) -> bool {
        self.min_devices.is_some_and(|min| min < self.records.lock().len())
    }

    /// Whether the device of `worker` is still in use.
    pub(crate) fn counts_on(&self, worker: &Worker) -> bool {
        let records = self.records.lock();
        records.iter().all(|record| record.lost.is_none() || record.device != *worker.device())
    }

    /// Gives up the device that `error` names.
    ///
    /// # Errors
    /// Returns the `error` if the run cannot do without the device.
    pub(crate) fn lose(&self, error: Error) -> Result<(), Error> {
        let mut records = self.records.lock();
        let left = records.iter().filter(|record| record.lost.is_none()).count();
        let Some(record) = records.iter_mut().find(|record| error.device() == Some(&record.device)) else {
            return Err(error);
        };
        if record.lost.is_some() {
            drop(records);
            drop_quietly(error);
            return Ok(());
        }
        if self.min_devices.is_none_or(|min| left <= min) {
            return Err(error);
        }
        record.lost = Some(error);
        Ok(())
    }

    /// The devices that were given up.
    pub(crate) fn lost_devices(&self) -> LostDevices {
        let mut records = self.records.lock();
        let lost = |record: &mut Record| {
            Some(LostDevice { error: record.lost.take()?, device: record.device.clone() })
        };
        LostDevices(records.iter_mut().filter_map(lost).collect())
    }
}
