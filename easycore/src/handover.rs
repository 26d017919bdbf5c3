//! Chunks that a worker could not finish because its device was given up, on their way to another worker.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::vec::IntoIter;

use crate::inbox::Done;
use crate::panic::drop_quietly;
use crate::retry::InHand;
use crate::source::ChunkEnd;
use crate::sync::Mutex;

/// A chunk, as far as it has come.
pub(crate) struct Unfinished<T, O> {
    pub(crate) done: Done<O>,
    /// What waits for another attempt, and stands before the rest.
    pub(crate) in_hand: InHand<T>,
    pub(crate) rest: Rest<T>,
    pub(crate) end: ChunkEnd,
}

/// Where unfinished chunks wait for whoever adopts them.
pub(crate) struct Waiting<T, O>(Mutex<Vec<Unfinished<T, O>>>);

impl<T, O> Waiting<T, O> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Puts a chunk in and has it `count`ed at the gate in one step.
    pub(crate) fn put(&self, rest: Unfinished<T, O>, count: impl FnOnce()) {
        let mut waiting = self.0.lock();
        waiting.push(rest);
        count();
    }

    /// Takes a chunk out that the gate has granted.
    pub(crate) fn take(&self) -> Unfinished<T, O> {
        self.0.lock().pop().expect("the gate counts what is there")
    }
}

/// Items that are still to be worked, pulled by another worker. Where that worker's pulling panicked, this one's does.
#[derive(Debug)]
pub(crate) struct Rest<T>(IntoIter<Result<T, Box<dyn Any + Send>>>);

impl<T> Rest<T> {
    /// Takes all that is left of a chunk.
    pub(crate) fn of(items: Option<impl ExactSizeIterator<Item = T>>) -> Self {
        let Some(mut items) = items else { return Self(Vec::new().into_iter()) };
        // As many as there are said to be, because an iterator may panic for ever without getting on.
        let rest: Vec<_> = (0..items.len())
            .map_while(|_| catch_unwind(AssertUnwindSafe(|| items.next())).transpose())
            .collect();
        drop_quietly(items);
        Self(rest.into_iter())
    }
}

impl<T> Iterator for Rest<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        Some(self.0.next()?.unwrap_or_else(|payload| resume_unwind(payload)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T> ExactSizeIterator for Rest<T> {}
