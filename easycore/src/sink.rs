//! Where a worker leaves its outputs: in a buffer for the consumer on the caller's thread, or in a consumer state of its own.

use std::ops::ControlFlow;

use crate::hooks::{HookError, Hooks};
use crate::inbox::Inbox;

/// What a worker does with outputs.
pub(crate) trait Sink<H: Hooks> {
    /// How many bytes an output takes in a buffer.
    const BUFFERED: usize;

    /// Makes room for the outputs of a chunk of so many `items`.
    fn open(&mut self, inbox: &Inbox<H::Output>, items: usize);

    /// Called before the first item of a chunk.
    fn prepare(&mut self, config: &H::Config) -> Result<(), HookError>;

    /// Takes one output.
    fn accept(&mut self, config: &H::Config, output: H::Output) -> Result<ControlFlow<()>, HookError>;

    /// The outputs of the chunk that are still to be consumed, and how many have been consumed here.
    fn close(&mut self) -> (Vec<H::Output>, usize);
}

/// Collects outputs for the consumer.
#[derive(Debug)]
pub(crate) struct Collect<O>(Vec<O>);

impl<O> Collect<O> {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }
}

impl<H: Hooks> Sink<H> for Collect<H::Output> {
    const BUFFERED: usize = size_of::<H::Output>();

    fn open(&mut self, inbox: &Inbox<H::Output>, items: usize) {
        self.0 = inbox.buffer();
        self.0.reserve(items);
    }

    fn prepare(&mut self, _: &H::Config) -> Result<(), HookError> {
        Ok(())
    }

    #[inline]
    fn accept(&mut self, _: &H::Config, output: H::Output) -> Result<ControlFlow<()>, HookError> {
        self.0.push(output);
        Ok(ControlFlow::Continue(()))
    }

    fn close(&mut self) -> (Vec<H::Output>, usize) {
        (std::mem::take(&mut self.0), 0)
    }
}

/// Folds outputs into a consumer state of the worker's own, which is made before its first item.
#[derive(Debug)]
pub(crate) struct Fold<A> {
    pub(crate) state: Option<A>,
    consumed: usize,
}

impl<A> Fold<A> {
    pub(crate) fn new() -> Self {
        Self { state: None, consumed: 0 }
    }
}

impl<H: Hooks> Sink<H> for Fold<H::ConsumerState> {
    const BUFFERED: usize = 0;

    fn open(&mut self, _: &Inbox<H::Output>, _: usize) {
        self.consumed = 0;
    }

    fn prepare(&mut self, config: &H::Config) -> Result<(), HookError> {
        if self.state.is_none() {
            self.state = Some(H::consumer_init(config)?);
        }
        Ok(())
    }

    #[inline]
    fn accept(&mut self, config: &H::Config, output: H::Output) -> Result<ControlFlow<()>, HookError> {
        let state = self.state.as_mut().expect("`prepare` makes it");
        let flow = H::consumer_work(config, state, output)?;
        self.consumed += 1;
        Ok(flow)
    }

    fn close(&mut self) -> (Vec<H::Output>, usize) {
        (Vec::new(), self.consumed)
    }
}
