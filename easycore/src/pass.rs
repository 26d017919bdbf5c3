//! One pass of a worker over the items of a chunk, one by one or in batches. It may panic at any call of user code, and keeps
//! track of where it is for whoever catches that.

use std::ops::ControlFlow;
use std::vec::IntoIter;

use crate::batch::wrong_length;
use crate::gate::Gate;
use crate::hooks::{HookError, Hooks};
use crate::sink::Sink;

/// How far a chunk has come.
pub(crate) struct Progress<O> {
    pub(crate) stage: Stage,
    /// How many items were left before those in hand were taken.
    pub(crate) left: usize,
    /// Outputs of the batch in hand that have not been accepted.
    pub(crate) unconsumed: IntoIter<O>,
}

impl<O> Progress<O> {
    pub(crate) fn new(left: usize) -> Self {
        Self { stage: Stage::Preparing, left, unconsumed: Vec::new().into_iter() }
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
pub(crate) struct Pass<'p, H: Hooks, K> {
    pub(crate) config: &'p H::Config,
    pub(crate) state: &'p mut H::ProducerState,
    pub(crate) sink: &'p mut K,
    pub(crate) gate: &'p Gate,
    /// The index after the chunk's last item.
    pub(crate) behind: usize,
    pub(crate) progress: &'p mut Progress<H::Output>,
}

impl<H: Hooks, K: Sink<H>> Pass<'_, H, K> {
    #[inline]
    pub(crate) fn work_items<I>(&mut self, items: &mut I) -> Result<ControlFlow<()>, HookError>
    where
        I: ExactSizeIterator<Item = H::Item>,
    {
        self.sink.prepare(self.config)?;
        while self.is_wanted(items.len()) {
            let Some(item) = items.next() else { break };
            self.progress.stage = Stage::Working;
            let output = H::producer_work(self.config, self.state, item)?;
            self.progress.stage = Stage::Consuming;
            if self.sink.accept(self.config, output)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    pub(crate) fn work_batches<I>(&mut self, items: &mut I, max: usize) -> Result<ControlFlow<()>, HookError>
    where
        I: ExactSizeIterator<Item = H::Item>,
    {
        self.sink.prepare(self.config)?;
        while self.is_wanted(items.len()) {
            let batch: Vec<H::Item> = items.by_ref().take(max).collect();
            let count = batch.len();
            if count == 0 {
                break;
            }
            self.progress.stage = Stage::Working;
            let outputs = H::producer_batch(self.config, self.state, batch)?;
            if outputs.len() != count {
                return Err(wrong_length(count, outputs.len()));
            }
            self.progress.unconsumed = outputs.into_iter();
            self.progress.stage = Stage::Consuming;
            for output in self.progress.unconsumed.by_ref() {
                if self.sink.accept(self.config, output)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Whether the next of so many items that are `left` is still wanted.
    #[inline]
    fn is_wanted(&mut self, left: usize) -> bool {
        (self.progress.stage, self.progress.left) = (Stage::Pulling, left);
        !self.gate.is_cut_off(self.behind - left)
    }
}
