//! The input of a run: an iterator in a slot, which the worker that holds the claim takes out, pulls and puts back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::gate::Gate;
use crate::hooks::HookError;
use crate::pace::cached_items;
use crate::panic::Panic;
use crate::sync::Mutex;

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

/// Holds the input for whoever has the claim. No lock is held while it is pulled.
#[derive(Debug)]
pub(crate) struct Source<I>(Mutex<Option<I>>);

impl<I: Input> Source<I> {
    pub(crate) fn new(input: I) -> Self {
        Self(Mutex::new(Some(input)))
    }

    /// Pulls up to `budget` items into `items`, which is empty. Only the worker that holds the claim may call this.
    pub(crate) fn pull(&self, budget: usize, items: &mut Vec<I::Item>, gate: &Gate) -> ChunkEnd {
        let mut input = self.take().expect("only the holder of the claim takes the input, and puts it back");
        items.reserve(budget.min(cached_items(size_of::<I::Item>())));
        let end = catch_unwind(AssertUnwindSafe(|| {
            loop {
                match input.next() {
                    Some(Ok(item)) => items.push(item),
                    Some(Err(error)) => return ChunkEnd::Failed(error),
                    None => return ChunkEnd::Exhausted,
                }
                if items.len() == budget || gate.wants_what_is_pulled() {
                    return ChunkEnd::Full;
                }
            }
        }))
        .unwrap_or_else(|payload| ChunkEnd::Panicked(Panic::from_payload(payload)));
        *self.0.lock() = Some(input);
        end
    }

    /// Takes the input out, for good if the run is over.
    pub(crate) fn take(&self) -> Option<I> {
        self.0.lock().take()
    }
}
