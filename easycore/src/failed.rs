//! Items that failed: what is told of each, how many are kept, and who is told at once.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::error::Error;
use crate::panic::{drop_all_quietly, drop_quietly};

/// How many failed items are listed; the others are only counted, so that memory stays bounded.
const MAX_LISTED: usize = 1_000;

/// An item, or a batch of them, that failed: what [`Options::on_failure`](crate::Options::on_failure) sees, and what
/// [`Report::skipped_items`](crate::Report::skipped_items) lists.
///
/// Displayed, it is one line, that of its error, which names the item.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedItem {
    /// The position in the input of the first, from 0.
    pub index: usize,
    /// How many items failed together: 1 unless they were a batch.
    pub count: usize,
    /// How many attempts had been made when they were given up: 1, or more for a `producer_work` with `retries`.
    pub attempts: usize,
    /// What went wrong in the last attempt, in which worker and on which device.
    pub error: Error,
}

impl FailedItem {
    pub(crate) fn new(items: Range<usize>, error: Error) -> Self {
        let (index, count, attempts) = (items.start, items.len(), error.attempts());
        Self { index, count, attempts, error: error.at_items(items) }
    }

    /// The index of the item that comes next.
    pub(crate) fn end(&self) -> usize {
        self.index + self.count
    }
}

impl fmt::Display for FailedItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

/// Failed items; their errors are user types, and a panic when one is dropped ends here.
#[derive(Debug, Default)]
pub(crate) struct FailedItems(Vec<FailedItem>);

impl FailedItems {
    /// Lists one more, unless there are enough.
    pub(crate) fn list(&mut self, item: FailedItem) {
        if self.0.len() < MAX_LISTED {
            self.0.push(item);
        } else {
            drop_quietly(item);
        }
    }

    pub(crate) fn as_slice(&self) -> &[FailedItem] {
        &self.0
    }
}

impl Drop for FailedItems {
    fn drop(&mut self) {
        drop_all_quietly(self.0.drain(..));
    }
}

/// Who is told of each failed item.
#[derive(Clone)]
pub(crate) struct Listener(Arc<dyn Fn(&FailedItem) + Send + Sync>);

impl Listener {
    pub(crate) fn new(listener: impl Fn(&FailedItem) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    pub(crate) fn tell(&self, item: &FailedItem) {
        (self.0)(item);
    }
}

impl PartialEq for Listener {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}
