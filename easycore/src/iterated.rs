//! Input that is pulled item by item from an iterator.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::vec::Drain;

use crate::gate::Gate;
use crate::hooks::HookError;
use crate::pace::cached_items;
use crate::panic::{Cause, Panic, drop_all_quietly};
use crate::source::{ChunkEnd, Leftover, Slot, Source};

/// An iterator of items, or of items that may have failed.
pub(crate) trait Input: Send {
    type Item;

    fn next(&mut self) -> Option<Result<Self::Item, HookError>>;
}

/// The input of `run`: every item is good.
#[derive(Debug)]
pub(crate) struct Plain<I>(pub(crate) I);

impl<I: Iterator + Send> Input for Plain<I> {
    type Item = I::Item;

    #[inline]
    fn next(&mut self) -> Option<Result<I::Item, HookError>> {
        self.0.next().map(Ok)
    }
}

/// The input of `try_run`.
#[derive(Debug)]
pub(crate) struct Fallible<I>(pub(crate) I);

impl<I, T, E> Input for Fallible<I>
where
    I: Iterator<Item = Result<T, E>> + Send,
    E: Into<HookError>,
{
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<Result<T, HookError>> {
        self.0.next().map(|item| item.map_err(Into::into))
    }
}

/// An input that is pulled item by item, by whoever has the claim.
#[derive(Debug)]
pub(crate) struct Iterated<I>(Slot<I>);

impl<I: Input> Iterated<I> {
    pub(crate) fn new(input: I) -> Self {
        Self(Slot::new(input))
    }
}

impl<I: Input> Source for Iterated<I>
where
    I::Item: Send,
{
    type Item = I::Item;
    type Buffer = Vec<I::Item>;
    type Chunk<'b>
        = Drain<'b, I::Item>
    where
        Self: 'b;
    const BUFFERED: usize = size_of::<I::Item>();

    fn pull<'b>(
        &self,
        budget: usize,
        buffer: &'b mut Vec<I::Item>,
        gate: &Gate,
    ) -> (Drain<'b, I::Item>, ChunkEnd)
    where
        Self: 'b,
    {
        let mut input = self.0.take();
        buffer.reserve(budget.min(cached_items(size_of::<I::Item>())));
        let end = catch_unwind(AssertUnwindSafe(|| {
            loop {
                match input.next() {
                    Some(Ok(item)) => buffer.push(item),
                    Some(Err(error)) => return ChunkEnd::Failed(error),
                    None => return ChunkEnd::Exhausted,
                }
                if buffer.len() == budget || gate.wants_what_is_pulled() {
                    return ChunkEnd::Full;
                }
            }
        }))
        .unwrap_or_else(|payload| ChunkEnd::Panicked(Panic::from_payload(payload)));
        self.0.put_back(input);
        (buffer.drain(..), end)
    }

    fn discard(chunk: Drain<'_, I::Item>) -> usize {
        drop_all_quietly(chunk)
    }

    fn close(&self, _: usize) -> (Leftover, Result<(), Cause>) {
        (Leftover::default(), self.0.close())
    }
}
