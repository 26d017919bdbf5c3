//! The runs of hooks that consume on the workers.

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator};

use crate::error::Error;
use crate::hooks::{HookError, MergeHooks};
use crate::iterated::{Fallible, Plain};
use crate::placement::AtWorkers;
use crate::runner::Runner;

/// A runner that consumes on its workers: [`Runner::merging`] makes it.
#[derive(Debug)]
pub struct Merging<'r, H: MergeHooks>(pub(crate) &'r mut Runner<H>);

impl<H: MergeHooks> Merging<'_, H> {
    /// Like [`Runner::run`].
    ///
    /// # Errors
    /// Those of [`Runner::run`].
    ///
    /// # Panics
    /// As [`Runner::run`].
    pub fn run<I>(self, data: I) -> Result<H::Outcome, Error>
    where
        I: IntoIterator<Item = H::Item>,
        I::IntoIter: Send,
    {
        self.0.run_input::<_, AtWorkers<_>>(|| Plain(data.into_iter()))
    }

    /// Like [`Runner::try_run`].
    ///
    /// # Errors
    /// Those of [`Runner::try_run`].
    ///
    /// # Panics
    /// As [`Runner::run`].
    pub fn try_run<I, E>(self, data: I) -> Result<H::Outcome, Error>
    where
        I: IntoIterator<Item = Result<H::Item, E>>,
        I::IntoIter: Send,
        E: Into<HookError>,
    {
        self.0.run_input::<_, AtWorkers<_>>(|| Fallible(data.into_iter()))
    }

    /// Like [`Runner::run_into`]; the workers' states are merged into `state`. What a `consumer_merge` fails on, and the states of the
    /// workers after that one, are lost; after a panic of a consumer hook all of them are.
    ///
    /// # Errors
    /// Those of [`Runner::run`].
    ///
    /// # Panics
    /// As [`Runner::run`].
    pub fn run_into<I>(self, state: &mut H::ConsumerState, data: I) -> Result<(), Error>
    where
        I: IntoIterator<Item = H::Item>,
        I::IntoIter: Send,
    {
        self.0.run_input_into::<_, AtWorkers<_>>(state, || Plain(data.into_iter()))
    }

    /// Like [`Runner::run_indexed`].
    ///
    /// # Errors
    /// Those of [`Runner::run`].
    ///
    /// # Panics
    /// As [`Runner::run`].
    pub fn run_indexed<I>(self, data: I) -> Result<H::Outcome, Error>
    where
        I: IntoParallelIterator<Item = H::Item>,
        I::Iter: IndexedParallelIterator,
    {
        self.0.run_split::<_, AtWorkers<_>>(data)
    }
}
