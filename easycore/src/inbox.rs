//! What workers leave for the consumer: finished chunks, and the buffers that go back. When there is something to take
//! is the gate's business.

use std::any::Any;

use crate::error::Error;
use crate::failed::FailedItem;
use crate::gate::Ticket;
use crate::sync::Mutex;

/// What became of one pulled chunk.
#[derive(Debug)]
pub(crate) struct Done<O> {
    pub(crate) ticket: Ticket,
    /// How many items were pulled for it: outputs, consumed or not, failures and dropped items together.
    pub(crate) items: usize,
    /// What is still to be consumed.
    pub(crate) outputs: Vec<O>,
    /// How many outputs the worker has consumed itself.
    pub(crate) consumed: usize,
    /// The items in whose place there is no output, by rising index.
    pub(crate) failures: Vec<FailedItem>,
    /// What ended the run behind all of these, though no item is to blame for it: a panic of the input, a worker whose
    /// state could not be made anew.
    pub(crate) fatal: Option<Error>,
    /// How a consumer hook on the worker's thread ended the run.
    pub(crate) halt: Option<Halt>,
    /// An `Err` item of the input, which stands behind all the others.
    pub(crate) last: Option<FailedItem>,
    /// Items at the end of the chunk that were dropped, most of them without being worked.
    pub(crate) dropped: usize,
}

impl<O> Done<O> {
    /// A chunk of so many items of which nothing is known yet.
    pub(crate) fn new(ticket: Ticket, items: usize) -> Self {
        Self {
            ticket,
            items,
            outputs: Vec::new(),
            consumed: 0,
            failures: Vec::new(),
            fatal: None,
            halt: None,
            last: None,
            dropped: 0,
        }
    }
}

impl<O> Done<O> {
    /// Adds outputs that are still to be consumed, and how many have been consumed.
    pub(crate) fn add(&mut self, (mut outputs, consumed): (Vec<O>, usize)) {
        if self.outputs.is_empty() {
            self.outputs = outputs;
        } else {
            self.outputs.append(&mut outputs);
        }
        self.consumed += consumed;
    }

    /// How many items have been worked successfully.
    pub(crate) fn worked(&self) -> usize {
        self.outputs.len() + self.consumed
    }
}

/// How a consumer hook ended a run.
#[derive(Debug)]
pub(crate) enum Halt {
    /// It has seen enough.
    Break,
    Error(Error),
    /// At an item, or before the first.
    Panic {
        payload: Box<dyn Any + Send>,
        at_item: bool,
    },
}

/// Finished chunks on their way to the consumer, and empty output buffers on their way back.
#[derive(Debug)]
pub(crate) struct Inbox<O> {
    arrived: Mutex<Vec<Done<O>>>,
    spare: Mutex<Vec<Vec<O>>>,
}

impl<O> Inbox<O> {
    pub(crate) fn new() -> Self {
        Self { arrived: Mutex::new(Vec::new()), spare: Mutex::new(Vec::new()) }
    }

    /// Puts a chunk in and has it `count`ed at the gate in one step: whoever counts what it takes out then knows from the
    /// gate's count whether there is more.
    pub(crate) fn put(&self, done: Done<O>, count: impl FnOnce()) {
        let mut arrived = self.arrived.lock();
        arrived.push(done);
        count();
    }

    /// Takes all that has arrived, in order of arrival, into `into`, which is empty.
    pub(crate) fn take(&self, into: &mut Vec<Done<O>>) {
        std::mem::swap(&mut *self.arrived.lock(), into);
    }

    /// An empty buffer for outputs.
    pub(crate) fn buffer(&self) -> Vec<O> {
        self.spare.lock().pop().unwrap_or_default()
    }

    /// Takes back an emptied buffer, unless it never had any room: where workers consume they take none, and spare ones would
    /// pile up.
    pub(crate) fn recycle(&self, buffer: Vec<O>) {
        debug_assert!(buffer.is_empty(), "nothing may be dropped under the lock");
        if size_of::<O>() > 0 && buffer.capacity() > 0 {
            self.spare.lock().push(buffer);
        }
    }
}
