//! Where a worker leaves its outputs: in a buffer for the consumer on the caller's thread, or in a consumer state of its own.

use std::ops::ControlFlow;

use crate::hooks::{HookError, Hooks};
use crate::inbox::Inbox;
use crate::loan::Loan;

/// What a worker does with outputs.
pub(crate) trait Sink<H: Hooks> {
    type Hand<'s>: Hand<H>
    where
        Self: 's;

    /// How many bytes an output takes in a buffer.
    const BUFFERED: usize;

    /// Makes room for the outputs of a chunk of so many `items`.
    fn open(&mut self, inbox: &Inbox<H::Output>, items: usize);

    /// Gets ready to take outputs.
    fn hand(&mut self, config: &H::Config) -> Result<Self::Hand<'_>, HookError>;

    /// The outputs of the chunk that are still to be consumed, and how many have been consumed here.
    fn close(&mut self) -> (Vec<H::Output>, usize);
}

/// Takes outputs during a pass. What it holds is back in its sink when it is dropped.
pub(crate) trait Hand<H: Hooks> {
    /// Takes one output.
    fn accept(&mut self, config: &H::Config, output: H::Output) -> Result<ControlFlow<()>, HookError>;
}

/// Collects outputs for the consumer.
#[derive(Debug)]
pub(crate) struct Collect<O>(Option<Vec<O>>);

impl<O> Collect<O> {
    pub(crate) fn new() -> Self {
        Self(None)
    }
}

impl<H: Hooks> Sink<H> for Collect<H::Output> {
    type Hand<'s>
        = Loan<'s, Vec<H::Output>>
    where
        Self: 's;
    const BUFFERED: usize = size_of::<H::Output>();

    fn open(&mut self, inbox: &Inbox<H::Output>, items: usize) {
        let mut buffer = inbox.buffer();
        buffer.reserve(items);
        self.0 = Some(buffer);
    }

    fn hand(&mut self, _: &H::Config) -> Result<Loan<'_, Vec<H::Output>>, HookError> {
        Ok(Loan::of(&mut self.0))
    }

    fn close(&mut self) -> (Vec<H::Output>, usize) {
        (self.0.take().unwrap_or_default(), 0)
    }
}

impl<H: Hooks> Hand<H> for Loan<'_, Vec<H::Output>> {
    #[inline]
    fn accept(&mut self, _: &H::Config, output: H::Output) -> Result<ControlFlow<()>, HookError> {
        self.get().push(output);
        Ok(ControlFlow::Continue(()))
    }
}

/// Folds outputs into a consumer state of the worker's own, which is made before its first item.
#[derive(Debug)]
pub(crate) struct Fold<A>(Option<Folded<A>>);

/// A consumer state, and how many outputs of the chunk are in it.
#[derive(Debug)]
pub(crate) struct Folded<A> {
    state: A,
    consumed: usize,
}

impl<A> Fold<A> {
    pub(crate) fn new() -> Self {
        Self(None)
    }

    /// The state, if there ever was an item.
    pub(crate) fn into_state(self) -> Option<A> {
        self.0.map(|folded| folded.state)
    }
}

impl<H: Hooks> Sink<H> for Fold<H::ConsumerState> {
    type Hand<'s>
        = Loan<'s, Folded<H::ConsumerState>>
    where
        Self: 's;
    const BUFFERED: usize = 0;

    fn open(&mut self, _: &Inbox<H::Output>, _: usize) {
        if let Some(folded) = &mut self.0 {
            folded.consumed = 0;
        }
    }

    fn hand(&mut self, config: &H::Config) -> Result<Loan<'_, Folded<H::ConsumerState>>, HookError> {
        if self.0.is_none() {
            self.0 = Some(Folded { state: H::consumer_init(config)?, consumed: 0 });
        }
        Ok(Loan::of(&mut self.0))
    }

    fn close(&mut self) -> (Vec<H::Output>, usize) {
        (Vec::new(), self.0.as_ref().map_or(0, |folded| folded.consumed))
    }
}

impl<H: Hooks> Hand<H> for Loan<'_, Folded<H::ConsumerState>> {
    #[inline]
    fn accept(&mut self, config: &H::Config, output: H::Output) -> Result<ControlFlow<()>, HookError> {
        let folded = self.get();
        let flow = H::consumer_work(config, &mut folded.state, output)?;
        folded.consumed += 1;
        Ok(flow)
    }
}
