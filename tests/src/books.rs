//! The books that are kept of every producer state.

use std::any::Any;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

use easycore::Worker;

use crate::lock;

/// What happens to a producer's states, over all runs of a runner. It notes what must never happen instead of panicking
/// on the worker, where the runner would take the panic for a hook's.
#[derive(Debug, Default)]
pub struct Books {
    made: AtomicUsize,
    living: Mutex<HashMap<usize, ThreadId>>,
    faults: Mutex<Vec<String>>,
}

impl Books {
    pub(crate) fn open(&self, worker: &Worker) -> Seat {
        let serial = self.made.fetch_add(1, Ordering::SeqCst);
        let thread = thread::current().id();
        lock(&self.living).insert(serial, thread);
        Seat { worker: worker.clone(), serial, at_work: false, cargo: None, thread, _not_send: PhantomData }
    }

    fn note(&self, fault: String) {
        lock(&self.faults).push(fault);
    }

    pub(crate) fn check(&self, seat: &Seat, hook: &str) {
        let Seat { serial, worker, .. } = seat;
        if thread::current().id() != seat.thread {
            self.note(format!("{hook} saw state {serial} of {worker:?} on another thread than its init"));
        }
        if hook == "producer_work" && seat.at_work {
            self.note(format!("{hook} was given state {serial} of {worker:?}, which had seen a panic"));
        }
    }

    pub(crate) fn close(&self, seat: &Seat) {
        self.check(seat, "producer_end");
        if lock(&self.living).remove(&seat.serial).is_none() {
            self.note(format!("state {} of {:?} was ended twice", seat.serial, seat.worker));
        }
    }

    /// How many states have been made.
    pub fn made(&self) -> usize {
        self.made.load(Ordering::SeqCst)
    }

    /// How many states have been made and not ended.
    pub fn living(&self) -> usize {
        lock(&self.living).len()
    }

    /// What has happened to a state that must never happen.
    pub fn faults(&self) -> Vec<String> {
        lock(&self.faults).clone()
    }

    /// Panics if a state was ended twice, used on another thread than its own, or used after it saw a panic.
    ///
    /// # Panics
    /// In those cases.
    pub fn assert_clean(&self) {
        let faults = self.faults();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    /// Panics unless each state that was made has been ended exactly once, on its own thread.
    ///
    /// # Panics
    /// In that case.
    pub fn assert_all_ended(&self) {
        self.assert_clean();
        assert_eq!(self.living(), 0, "states that producer_end has not seen, of {} made", self.made());
    }
}

/// A producer's state. It is not `Send`, as such a state need not be.
#[derive(Debug)]
pub struct Seat {
    /// Whose state this is.
    pub worker: Worker,
    /// Its number among the states of its runner.
    pub serial: usize,
    /// Stays set if `producer_work` panics.
    pub(crate) at_work: bool,
    /// Whatever a test wants dropped with the state.
    pub cargo: Option<Box<dyn Any>>,
    thread: ThreadId,
    _not_send: PhantomData<*const ()>,
}
