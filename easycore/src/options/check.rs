//! What makes no sense in options, found before anything is started.

use std::time::Duration;

use super::on_error::Policy;
use super::{Chunk, Options};
use crate::error::{Error, ErrorKind};

impl Options {
    /// Finds what makes no sense, for hooks that take so many items in a `batch`, before anything is started.
    pub(crate) fn check(&self, batch: usize) -> Result<(), Error> {
        let fault = |what: String| Err(Error::new(ErrorKind::Options, what));
        if !(self.queue_scale.is_finite() && self.queue_scale > 0.0) {
            return fault(format!("queue_scale is {}: it must be a number above 0", self.queue_scale));
        }
        if self.window == Some(0) {
            return fault("window is 0: at least 1 item must fit".to_owned());
        }
        let times = [
            ("init_timeout", self.init_timeout),
            ("close_timeout", self.close_timeout),
            ("stall_warning", self.stall_warning),
        ];
        for (name, limit) in times {
            if limit == Some(Duration::ZERO) {
                return fault(format!("{name} is 0: it must be a time above 0, or left out"));
            }
        }
        if self.workers_per_device == 0 {
            return fault("workers_per_device is 0: each device needs at least 1".to_owned());
        }
        if self.recycle_after == Some(0) {
            return fault("recycle_after is 0: a state must serve for at least 1 item".to_owned());
        }
        if self.restarts.1.is_zero() {
            return fault("restarts are counted within no time: give a time above 0".to_owned());
        }
        if self.min_devices == Some(0) {
            return fault("min_devices is 0: at least 1 device must be left".to_owned());
        }
        match (self.chunk, self.window) {
            (Chunk::Exactly(0), _) => {
                return fault("chunk is Exactly(0): it must hold at least 1 item".to_owned());
            }
            (Chunk::Exactly(chunk), Some(window)) if chunk > window => {
                return fault(format!(
                    "chunk is Exactly({chunk}), but the window holds {window}: raise the window"
                ));
            }
            (Chunk::Exactly(chunk), _) if chunk % batch != 0 => {
                return fault(format!(
                    "chunk is Exactly({chunk}), but a batch holds {batch}: use a multiple of it"
                ));
            }
            (_, Some(window)) if batch > window => {
                return fault(format!(
                    "a batch holds {batch}, but the window holds {window}: raise the window"
                ));
            }
            _ => {}
        }
        match self.on_error.0 {
            Policy::SkipRate { rate, .. } if !(0.0..=1.0).contains(&rate) => {
                fault(format!("skip_rate is {rate}: it must be from 0.0 to 1.0"))
            }
            _ => Ok(()),
        }
    }

    /// Finds out whether so many distinct devices can be asked for.
    pub(crate) fn check_devices(&self, distinct: usize) -> Result<(), Error> {
        match self.min_devices {
            Some(min) if min > distinct => {
                let plural = if distinct == 1 { "" } else { "s" };
                let what = format!(
                    "min_devices is {min}, but the runner has only {distinct} distinct device{plural}: lower it, or list more devices"
                );
                Err(Error::new(ErrorKind::Options, what))
            }
            _ => Ok(()),
        }
    }
}
