//! Chunks that a worker could not finish because its device was given up, on their way to another worker.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::vec::IntoIter;

use crate::inbox::Done;
use crate::panic::{drop_all_quietly, drop_quietly};
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
    /// Takes all that is left of a chunk: what panicked in the place of an item, and those behind it.
    pub(crate) fn of(
        late: Option<Box<dyn Any + Send>>,
        items: Option<impl ExactSizeIterator<Item = T>>,
    ) -> Self {
        let mut rest: Vec<_> = late.map(Err).into_iter().collect();
        if let Some(mut items) = items {
            // As many as there are said to be, because an iterator may panic for ever without getting on.
            let count = items.len();
            let next = |_| catch_unwind(AssertUnwindSafe(|| items.next())).transpose();
            rest.extend((0..count).map_while(next));
            drop_quietly(items);
        }
        Self(rest.into_iter())
    }

    /// Drops all that is left, and returns how many items that was.
    pub(crate) fn discard(self) -> usize {
        drop_all_quietly(self.0)
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
