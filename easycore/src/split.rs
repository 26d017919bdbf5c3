//! Input that can be split: each worker iterates over a part of its own, so that nothing is pulled item by item.
//!
//! The parts are those of rayon's indexed parallel iterators: ranges, slices and vectors come ready made, and so do `zip`,
//! `chunks`, `enumerate` and all the others.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::iter::plumbing::Producer;

use crate::gate::Gate;
use crate::panic::{Cause, Panic, drop_quietly};
use crate::source::{ChunkEnd, Leftover, Slot, Source};

/// An input that is split, so that each worker iterates over its own part.
#[derive(Debug)]
pub(crate) struct Split<P>(Slot<Part<P>>);

/// What has not been claimed yet.
#[derive(Debug)]
struct Part<P> {
    producer: P,
    items: usize,
}

impl<P: Producer> Split<P> {
    pub(crate) fn new(producer: P, items: usize) -> Self {
        Self(Slot::new(Part { producer, items }))
    }
}

impl<P: Producer> Source for Split<P> {
    type Item = P::Item;
    type Buffer = ();
    type Chunk<'b>
        = PartIter<P::IntoIter>
    where
        Self: 'b;
    const BUFFERED: usize = 0;

    fn pull<'b>(&self, budget: usize, (): &'b mut (), _: &Gate) -> (PartIter<P::IntoIter>, ChunkEnd)
    where
        Self: 'b,
    {
        let Part { producer, items } = self.0.take();
        let count = budget.min(items);
        let split = catch_unwind(AssertUnwindSafe(|| {
            let (chunk, rest) = producer.split_at(count);
            (chunk.into_iter(), rest)
        }));
        match split {
            Ok((chunk, producer)) => {
                let items = items - count;
                self.0.put_back(Part { producer, items });
                (PartIter(Some(chunk)), if items == 0 { ChunkEnd::Exhausted } else { ChunkEnd::Full })
            }
            Err(payload) => (PartIter(None), ChunkEnd::Panicked(Panic::from_payload(payload))),
        }
    }

    fn discard(chunk: PartIter<P::IntoIter>) -> usize {
        // Not item by item: that would run what the caller has mapped onto the items.
        let items = chunk.len();
        drop_quietly(chunk);
        items
    }

    fn close(&self, _: usize) -> (Leftover, Result<(), Cause>) {
        (Leftover::default(), self.0.close())
    }
}

/// A part of a split input; `None` where splitting it off has failed.
#[derive(Debug)]
pub(crate) struct PartIter<I>(Option<I>);

impl<I: ExactSizeIterator> Iterator for PartIter<I> {
    type Item = I::Item;

    #[inline]
    fn next(&mut self) -> Option<I::Item> {
        self.0.as_mut()?.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let items = self.0.as_ref().map_or(0, ExactSizeIterator::len);
        (items, Some(items))
    }
}

impl<I: ExactSizeIterator> ExactSizeIterator for PartIter<I> {}
