//! One pass of a worker over the items of a chunk, one by one or in batches. It may panic at any call of user code, and keeps
//! track of where it is for whoever catches that.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::slice;
use std::vec::IntoIter;

use crate::batch::wrong_length;
use crate::gate::Gate;
use crate::hooks::{HookError, Hooks};
use crate::loan::Loan;
use crate::pace::BLOCK;
use crate::panic::{drop_all_quietly, drop_quietly};
use crate::retry::Retry;
use crate::sink::{Hand, Sink};

/// How far a chunk has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    pub(crate) stage: Stage,
    /// How many items were left before those in hand were taken.
    pub(crate) left: usize,
}

impl Position {
    pub(crate) fn before(left: usize) -> Self {
        Self { stage: Stage::Preparing, left }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Stage {
    Preparing,
    Pulling,
    Working,
    Consuming,
}

/// A panic of the input behind items that had been gathered for a batch, kept until these have been worked.
pub(crate) struct Late {
    payload: Box<dyn Any + Send>,
    /// How many items it took the place of: one, unless the input did not get on.
    pub(crate) items: usize,
}

impl Late {
    /// Gives up what it took the place of, and returns how many items that was.
    pub(crate) fn discard(self) -> usize {
        drop_quietly(self.payload);
        self.items
    }

    /// The panic in the place of an item, if it took one.
    pub(crate) fn into_payload(self) -> Option<Box<dyn Any + Send>> {
        if self.items > 0 {
            return Some(self.payload);
        }
        drop_quietly(self.payload);
        None
    }
}

/// One pass over a chunk's items: it ends when something fails, when an item is cut off, or when no
/// more are left than are for the next pass.
pub(crate) struct Pass<'p, H: Hooks, K, I> {
    pub(crate) config: &'p H::Config,
    pub(crate) state: &'p mut H::ProducerState,
    pub(crate) sink: &'p mut K,
    pub(crate) gate: &'p Gate,
    /// The index after the chunk's last item.
    pub(crate) behind: usize,
    /// How many items are to be left for the next pass.
    pub(crate) until: usize,
    /// The items, which are here again when the pass is over, as is the position.
    pub(crate) items: &'p mut Option<I>,
    /// What comes before these.
    pub(crate) late: &'p mut Option<Late>,
    pub(crate) position: &'p mut Option<Position>,
    pub(crate) retry: &'p mut Retry<H>,
}

impl<H, K, I> Pass<'_, H, K, I>
where
    H: Hooks,
    K: Sink<H>,
    I: ExactSizeIterator<Item = H::Item>,
{
    /// Works the items one by one; `brisk` ones in blocks, so that what is asked per item is asked per block.
    #[inline]
    pub(crate) fn work_items(self, brisk: bool) -> Result<ControlFlow<()>, HookError> {
        if brisk { self.work_blocks::<BLOCK>() } else { self.work_blocks::<1>() }
    }

    #[inline]
    fn work_blocks<const ITEMS: usize>(self) -> Result<ControlFlow<()>, HookError> {
        let Self { config, state, sink, gate, behind, until, items, position, retry, .. } = self;
        let mut sink = sink.hand(config)?;
        let (mut items, mut position) = (Loan::of(items), Loan::of(position));
        let (items, position) = (items.get(), position.get());
        loop {
            let left = items.len();
            *position = Position { stage: Stage::Pulling, left };
            if left <= until || gate.is_cut_off(behind - left) {
                return Ok(ControlFlow::Continue(()));
            }
            // The compiler writes out a loop whose length it knows.
            let block = if left - until >= ITEMS { ITEMS } else { 1 };
            for _ in 0..block {
                *position = Position { stage: Stage::Pulling, left: items.len() };
                let Some(item) = items.next() else { return Ok(ControlFlow::Continue(())) };
                position.stage = Stage::Working;
                if let Err(payload) = retry.prepare(slice::from_ref(&item)) {
                    // Dropped while the panic passes, one that panics too would abort the process.
                    drop_quietly(item);
                    resume_unwind(payload);
                }
                let output = H::producer_work(config, state, item)?;
                retry.succeed();
                position.stage = Stage::Consuming;
                if sink.accept(config, output)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
    }

    /// Outputs of the batch in hand that have not been accepted stay in `unconsumed`.
    pub(crate) fn work_batches(
        self,
        max: usize,
        unconsumed: &mut IntoIter<H::Output>,
    ) -> Result<ControlFlow<()>, HookError> {
        let Self { config, state, sink, gate, behind, until, items, late, position, retry } = self;
        let mut sink = sink.hand(config)?;
        let (mut items, mut position) = (Loan::of(items), Loan::of(position));
        let (items, position) = (items.get(), position.get());
        loop {
            let left = items.len() + late.as_ref().map_or(0, |late| late.items);
            *position = Position { stage: Stage::Pulling, left };
            if left <= until || gate.is_cut_off(behind - left) {
                break;
            }
            let batch = if late.is_some() { Vec::new() } else { gather(items, max, late) };
            if batch.is_empty() {
                match late.take() {
                    Some(Late { payload, .. }) => resume_unwind(payload),
                    None => break,
                }
            }
            let flow = work_together::<H>(config, state, &mut sink, batch, position, unconsumed, retry)?;
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Makes another attempt at the items that wait for it, if they are still wanted. The position is before them.
    pub(crate) fn work_again(
        self,
        unconsumed: &mut IntoIter<H::Output>,
    ) -> Result<ControlFlow<()>, HookError> {
        let Self { config, state, sink, gate, behind, position, retry, .. } = self;
        let mut sink = sink.hand(config)?;
        let mut position = Loan::of(position);
        let position = position.get();
        if gate.is_cut_off(behind - position.left) {
            return Ok(ControlFlow::Continue(()));
        }
        let items = retry.begin();
        work_together::<H>(config, state, &mut sink, items, position, unconsumed, retry)
    }
}

/// Takes up to `max` items, and what panics in the place of the next one.
fn gather<I: ExactSizeIterator>(items: &mut I, max: usize, late: &mut Option<Late>) -> Vec<I::Item> {
    let mut before = items.len();
    let mut batch = Vec::with_capacity(max.min(before));
    let gathered = catch_unwind(AssertUnwindSafe(|| {
        while batch.len() < max {
            before = items.len();
            let Some(item) = items.next() else { break };
            batch.push(item);
        }
    }));
    if let Err(payload) = gathered {
        *late = Some(Late { payload, items: before.saturating_sub(items.len()) });
    }
    batch
}

/// Works a batch, or a single item.
fn work_together<H: Hooks>(
    config: &H::Config,
    state: &mut H::ProducerState,
    sink: &mut impl Hand<H>,
    items: Vec<H::Item>,
    position: &mut Position,
    unconsumed: &mut IntoIter<H::Output>,
    retry: &mut Retry<H>,
) -> Result<ControlFlow<()>, HookError> {
    let count = items.len();
    position.stage = Stage::Working;
    if let Err(payload) = retry.prepare(&items) {
        drop_all_quietly(items.into_iter());
        resume_unwind(payload);
    }
    let outputs = match H::BATCH {
        Some(_) => H::producer_batch(config, state, items)?,
        None => {
            items.into_iter().map(|item| H::producer_work(config, state, item)).collect::<Result<_, _>>()?
        }
    };
    if outputs.len() != count {
        return Err(wrong_length(count, drop_all_quietly(outputs.into_iter())));
    }
    retry.succeed();
    *unconsumed = outputs.into_iter();
    position.stage = Stage::Consuming;
    for output in unconsumed.by_ref() {
        if sink.accept(config, output)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}
