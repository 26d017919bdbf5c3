//! One pass of a worker over the items of a chunk, one by one or in batches. It may panic at any call of user code, and keeps
//! track of where it is for whoever catches that.

use std::ops::ControlFlow;
use std::vec::IntoIter;

use crate::batch::wrong_length;
use crate::gate::Gate;
use crate::hooks::{HookError, Hooks};
use crate::loan::Loan;
use crate::pace::BLOCK;
use crate::sink::{Hand as _, Sink};

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

/// One pass over a chunk's items: it ends when something fails, when an item is cut off, or when none is left.
pub(crate) struct Pass<'p, H: Hooks, K, I> {
    pub(crate) config: &'p H::Config,
    pub(crate) state: &'p mut H::ProducerState,
    pub(crate) sink: &'p mut K,
    pub(crate) gate: &'p Gate,
    /// The index after the chunk's last item.
    pub(crate) behind: usize,
    /// The items, which are here again when the pass is over, as is the position.
    pub(crate) items: &'p mut Option<I>,
    pub(crate) position: &'p mut Option<Position>,
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
        let Self { config, state, sink, gate, behind, items, position } = self;
        let mut sink = sink.hand(config)?;
        let (mut items, mut position) = (Loan::of(items), Loan::of(position));
        let (items, position) = (items.get(), position.get());
        loop {
            let left = items.len();
            *position = Position { stage: Stage::Pulling, left };
            if left == 0 || gate.is_cut_off(behind - left) {
                return Ok(ControlFlow::Continue(()));
            }
            // The compiler writes out a loop whose length it knows.
            let block = if left >= ITEMS { ITEMS } else { 1 };
            for _ in 0..block {
                *position = Position { stage: Stage::Pulling, left: items.len() };
                let Some(item) = items.next() else { return Ok(ControlFlow::Continue(())) };
                position.stage = Stage::Working;
                let output = H::producer_work(config, state, item)?;
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
        let Self { config, state, sink, gate, behind, items, position } = self;
        let mut sink = sink.hand(config)?;
        let (mut items, mut position) = (Loan::of(items), Loan::of(position));
        let (items, position) = (items.get(), position.get());
        loop {
            *position = Position { stage: Stage::Pulling, left: items.len() };
            if gate.is_cut_off(behind - items.len()) {
                break;
            }
            let batch: Vec<H::Item> = items.by_ref().take(max).collect();
            let count = batch.len();
            if count == 0 {
                break;
            }
            position.stage = Stage::Working;
            let outputs = H::producer_batch(config, state, batch)?;
            if outputs.len() != count {
                return Err(wrong_length(count, outputs.len()));
            }
            *unconsumed = outputs.into_iter();
            position.stage = Stage::Consuming;
            for output in unconsumed.by_ref() {
                if sink.accept(config, output)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}
