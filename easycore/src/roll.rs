//! A job that every worker runs once between runs, and the wait of whoever handed it out.
//!
//! The job borrows nothing, so that the wait can be given up while a worker is still at it. And it is a wait on a condition
//! variable: a thread of another rayon pool that waited for a scope would run strangers' jobs meanwhile.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::panic::{Quiet, drop_quietly};
use crate::pool::Crew;
use crate::sync::{Condvar, Mutex, now};
use crate::worker::Worker;

/// What every worker is to do.
pub(crate) type Duty<C> = fn(&Worker, &C) -> Result<(), Error>;

/// What became of a duty.
#[derive(Debug)]
pub(crate) struct Answers {
    /// The failures of those that failed, by index.
    pub(crate) failures: Vec<Error>,
    /// The workers that had not answered when the limit was over, by index.
    pub(crate) missing: Vec<usize>,
}

/// Has every worker do its `duty`, and waits until all have, but for those that are `stuck`, at most for `limit`.
pub(crate) fn call<C: Send + Sync + 'static>(
    crew: &Crew,
    stuck: &[usize],
    limit: Option<Duration>,
    config: &Arc<C>,
    duty: Duty<C>,
) -> Answers {
    let awaited = crew.workers().map(Worker::index).filter(|index| !stuck.contains(index)).collect();
    let roll = Arc::new(Roll::new(awaited));
    let answering = Arc::clone(&roll);
    // A worker that answers late may be the last to hold the config.
    let config = Quiet::new(Arc::clone(config));
    crew.spawn(move |worker| answering.answer(worker, duty(worker, &config)));
    roll.wait(limit)
}

#[derive(Debug)]
struct Roll {
    sheet: Mutex<Sheet>,
    complete: Condvar,
}

#[derive(Debug)]
struct Sheet {
    missing: Vec<usize>,
    failures: Vec<Error>,
}

impl Roll {
    fn new(missing: Vec<usize>) -> Self {
        Self { sheet: Mutex::new(Sheet { missing, failures: Vec::new() }), complete: Condvar::default() }
    }

    fn answer(&self, worker: &Worker, answer: Result<(), Error>) {
        let mut sheet = self.sheet.lock();
        let awaited = sheet.missing.iter().position(|missing| *missing == worker.index());
        let Some(place) = awaited else {
            drop(sheet);
            return drop_quietly(answer);
        };
        sheet.missing.remove(place);
        sheet.failures.extend(answer.err());
        if sheet.missing.is_empty() {
            self.complete.notify_one();
        }
    }

    fn wait(&self, limit: Option<Duration>) -> Answers {
        let begun = now();
        let mut sheet = self.sheet.lock();
        while !sheet.missing.is_empty() {
            sheet = match limit.map(|limit| limit.saturating_sub(now().saturating_duration_since(begun))) {
                None => self.complete.wait(sheet),
                Some(Duration::ZERO) => break,
                Some(left) => self.complete.wait_for(sheet, left),
            };
        }
        // What is taken off the sheet is awaited no more.
        let missing = std::mem::take(&mut sheet.missing);
        let mut failures = std::mem::take(&mut sheet.failures);
        drop(sheet);
        failures.sort_by_key(Error::worker);
        Answers { failures, missing }
    }
}
