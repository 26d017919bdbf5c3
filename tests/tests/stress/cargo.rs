//! Items, outputs and parts of states that panic when they are dropped, and are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::faults::{Deed, Place, drop_at};

/// How many attempts an item has at the most.
pub(crate) const ATTEMPTS: usize = 3;

/// What was made and what was dropped in a run.
#[derive(Debug, Default)]
pub(crate) struct Census {
    pub(crate) made: AtomicUsize,
    pub(crate) dropped: AtomicUsize,
    /// Items among these that are copies.
    pub(crate) copied: AtomicUsize,
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
    /// What comes of the next attempt, and of those after it.
    pub(crate) worked: [Deed; ATTEMPTS],
    /// What comes of copying it for another attempt; `None` if there can be no copy.
    pub(crate) copied: Option<Deed>,
    pub(crate) output: Output,
}

impl Item {
    /// To make another attempt with.
    pub(crate) fn copy(&self) -> Option<Self> {
        // A panic is all that can go wrong with it.
        let _ = self.copied?.done_at(Place::CopyOfItem);
        let census = &self.tag.census;
        census.copied.fetch_add(1, Ordering::SeqCst);
        let mut worked = self.worked;
        worked.rotate_left(1);
        let Output { index, consumed, tag } = &self.output;
        let output = Output { index: *index, consumed: *consumed, tag: Tag::new(census, tag.spite) };
        let tag = Tag::new(census, self.tag.spite);
        Some(Self { index: self.index, tag, worked, copied: self.copied, output })
    }
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
