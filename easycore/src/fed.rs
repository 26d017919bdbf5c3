//! Input that a thread of its own pulls ahead, so that a batch can go out while the input keeps the next item waiting.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::vec::Drain;

use crate::error::Error;
use crate::failed::FailedItem;
use crate::gate::Gate;
use crate::hooks::HookError;
use crate::iterated::Input;
use crate::panic::{Cause, Panic, drop_all_quietly, drop_quietly};
use crate::source::{ChunkEnd, Leftover, Slot, Source};
use crate::sync::Mutex;

/// An iterator, and what the feeder has pulled from it for the workers.
#[derive(Debug)]
pub(crate) struct Fed<I: Input> {
    input: Slot<I>,
    queue: Mutex<VecDeque<Entry<I::Item>>>,
}

#[derive(Debug)]
enum Entry<T> {
    Item(T),
    Failed(HookError),
    Panicked(Panic),
}

impl<I: Input> Fed<I> {
    pub(crate) fn new(input: I) -> Self {
        Self { input: Slot::new(input), queue: Mutex::new(VecDeque::new()) }
    }
}

impl<I: Input> Source for Fed<I>
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
    const FED: bool = true;

    fn feed(&self, gate: &Gate) {
        let mut input = self.input.take();
        while gate.reserve() {
            let entry = match catch_unwind(AssertUnwindSafe(|| input.next())) {
                Ok(Some(Ok(item))) => Entry::Item(item),
                Ok(Some(Err(error))) => Entry::Failed(error),
                Ok(None) => {
                    gate.give_back(1);
                    break;
                }
                Err(payload) => Entry::Panicked(Panic::from_payload(payload)),
            };
            let is_last = matches!(entry, Entry::Panicked(_));
            self.queue.lock().push_back(entry);
            gate.arrived();
            if is_last {
                break;
            }
        }
        self.input.put_back(input);
        gate.end_feed();
    }

    fn pull<'b>(
        &self,
        budget: usize,
        buffer: &'b mut Vec<I::Item>,
        _: &Gate,
    ) -> (Drain<'b, I::Item>, ChunkEnd)
    where
        Self: 'b,
    {
        let mut queue = self.queue.lock();
        let mut end = ChunkEnd::Full;
        while buffer.len() < budget {
            match queue.pop_front() {
                Some(Entry::Item(item)) => buffer.push(item),
                Some(Entry::Failed(error)) => {
                    end = ChunkEnd::Failed(error);
                    break;
                }
                Some(Entry::Panicked(panic)) => {
                    end = ChunkEnd::Panicked(panic);
                    break;
                }
                None => break,
            }
        }
        drop(queue);
        (buffer.drain(..), end)
    }

    fn discard(chunk: Drain<'_, I::Item>) -> usize {
        drop_all_quietly(chunk)
    }

    fn close(&self, next: usize) -> (Leftover, Result<(), Cause>) {
        let mut leftover = Leftover::default();
        let queue = std::mem::take(&mut *self.queue.lock());
        for (index, entry) in (next..).zip(queue) {
            match entry {
                Entry::Item(item) => {
                    leftover.discarded += 1;
                    drop_quietly(item);
                }
                Entry::Failed(error) => {
                    let error = Error::in_input(Cause::Error(error));
                    leftover.failed.push(FailedItem::new(index..index + 1, error));
                }
                Entry::Panicked(_) => {}
            }
        }
        (leftover, self.input.close())
    }
}
