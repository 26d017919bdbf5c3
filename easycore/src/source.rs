//! The input of a run. One worker at a time holds the claim, takes the input out of its slot, takes a chunk off it and puts it
//! back; no lock is held meanwhile.

use crate::failed::FailedItem;
use crate::gate::Gate;
use crate::hooks::HookError;
use crate::panic::{Cause, Panic, guard};
use crate::sync::Mutex;

/// Where chunks of items come from.
pub(crate) trait Source: Send + Sync {
    type Item;

    /// What a worker keeps from chunk to chunk, so as not to allocate for each.
    type Buffer: Default;

    /// The items of a chunk.
    type Chunk<'b>: ExactSizeIterator<Item = Self::Item>
    where
        Self: 'b;

    /// How many bytes an item takes in a buffer.
    const BUFFERED: usize;

    /// Whether a thread of its own has to [`feed`](Self::feed) it.
    const FED: bool = false;

    /// Pulls ahead until the input or the run ends.
    fn feed(&self, _: &Gate) {}

    /// Takes up to `budget` items. Only the worker that holds the claim may call this.
    fn pull<'b>(
        &self,
        budget: usize,
        buffer: &'b mut Self::Buffer,
        gate: &Gate,
    ) -> (Self::Chunk<'b>, ChunkEnd)
    where
        Self: 'b;

    /// Drops what is left of a chunk, and returns how many items that was.
    fn discard(chunk: Self::Chunk<'_>) -> usize;

    /// Drops the input, when the run is over. What was never claimed follows the item before the index `next`.
    fn close(&self, next: usize) -> (Leftover, Result<(), Cause>);
}

/// Items that were pulled and never claimed.
#[derive(Debug, Default)]
pub(crate) struct Leftover {
    pub(crate) discarded: usize,
    pub(crate) failed: Vec<FailedItem>,
}

/// How a chunk ended.
#[derive(Debug)]
pub(crate) enum ChunkEnd {
    /// It is as long as it should be, or somebody waits for it.
    Full,
    /// The input is exhausted.
    Exhausted,
    /// The input yielded this error in place of one more item.
    Failed(HookError),
    /// The input panicked where one more item was due.
    Panicked(Panic),
}

/// Holds the input for whoever has the claim.
#[derive(Debug)]
pub(crate) struct Slot<T>(Mutex<Option<T>>);

impl<T> Slot<T> {
    pub(crate) fn new(input: T) -> Self {
        Self(Mutex::new(Some(input)))
    }

    pub(crate) fn take(&self) -> T {
        self.0
            .lock()
            .take()
            .expect("only the holder of the claim takes the input, and puts it back if there is more")
    }

    pub(crate) fn put_back(&self, input: T) {
        *self.0.lock() = Some(input);
    }

    /// Drops what is in the slot.
    pub(crate) fn close(&self) -> Result<(), Cause> {
        let input = self.0.lock().take();
        guard(|| {
            drop(input);
            Ok(())
        })
    }
}
