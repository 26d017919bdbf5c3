//! Items, outputs and parts of states that panic when they are dropped, and are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::faults::{Deed, Place, drop_at};

/// What was made and what was dropped in a run.
#[derive(Debug, Default)]
pub(crate) struct Census {
    pub(crate) made: AtomicUsize,
    pub(crate) dropped: AtomicUsize,
    /// `Err` items.
    pub(crate) refused: AtomicUsize,
    pub(crate) consumed: AtomicUsize,
}

impl Census {
    pub(crate) fn read(count: &AtomicUsize) -> usize {
        count.load(Ordering::SeqCst)
    }
}

/// Counts the making and the dropping of what it is part of.
#[derive(Debug)]
pub(crate) struct Tag {
    pub(crate) census: Arc<Census>,
    /// Where it panics when it is dropped.
    pub(crate) spite: Option<Place>,
}

impl Tag {
    pub(crate) fn new(census: &Arc<Census>, spite: Option<Place>) -> Self {
        census.made.fetch_add(1, Ordering::SeqCst);
        Self { census: Arc::clone(census), spite }
    }
}

impl Drop for Tag {
    fn drop(&mut self) {
        self.census.dropped.fetch_add(1, Ordering::SeqCst);
        if let Some(place) = self.spite {
            drop_at(place);
        }
    }
}

#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) index: usize,
    pub(crate) tag: Tag,
    pub(crate) worked: Deed,
    pub(crate) output: Output,
}

/// It is made together with its item, so that what happens to it is decided by the input.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) index: usize,
    pub(crate) tag: Tag,
    pub(crate) consumed: Deed,
}

/// Part of a state.
#[derive(Debug)]
pub(crate) struct SpitefulState;

impl Drop for SpitefulState {
    fn drop(&mut self) {
        drop_at(Place::DropOfState);
    }
}
