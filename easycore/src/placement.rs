//! Where outputs are consumed: on the caller's thread, or on the workers, whose consumer states are merged at the end.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::error::Error;
use crate::hooks::{Hooks, MergeHooks};
use crate::panic::drop_all_quietly;
use crate::produce;
use crate::session::Session;
use crate::sink::{Collect, Fold, Sink};
use crate::source::Source;
use crate::sync::Mutex;
use crate::worker::Worker;

/// A way to consume a run.
pub(crate) trait Placement<H: Hooks>: Default + Sync {
    /// How many bytes an output takes in a buffer.
    const BUFFERED: usize;

    /// A worker's part in the run.
    fn work<S: Source<Item = H::Item>>(&self, session: &Session<H, S>, worker: &Worker);

    /// Brings what the workers have consumed into `state`.
    fn merge(self, config: &H::Config, state: &mut H::ConsumerState) -> Result<(), Error>;
}

/// Consumes on the caller's thread.
#[derive(Debug, Default)]
pub(crate) struct AtCaller;

impl<H: Hooks> Placement<H> for AtCaller {
    const BUFFERED: usize = <Collect<H::Output> as Sink<H>>::BUFFERED;

    fn work<S: Source<Item = H::Item>>(&self, session: &Session<H, S>, worker: &Worker) {
        produce::work(session, worker, &mut Collect::new());
    }

    fn merge(self, _: &H::Config, _: &mut H::ConsumerState) -> Result<(), Error> {
        Ok(())
    }
}

/// Consumes on the workers.
#[derive(Debug)]
pub(crate) struct AtWorkers<A> {
    /// The consumer states of the workers that had an item, by worker index.
    partial: Mutex<Vec<(usize, A)>>,
}

impl<A> Default for AtWorkers<A> {
    fn default() -> Self {
        Self { partial: Mutex::new(Vec::new()) }
    }
}

impl<A> Drop for AtWorkers<A> {
    /// States that were not merged are user types, and a panic when one is dropped ends here.
    fn drop(&mut self) {
        let partial = std::mem::take(&mut *self.partial.lock());
        drop_all_quietly(partial.into_iter());
    }
}

impl<H: MergeHooks> Placement<H> for AtWorkers<H::ConsumerState> {
    const BUFFERED: usize = <Fold<H::ConsumerState> as Sink<H>>::BUFFERED;

    fn work<S: Source<Item = H::Item>>(&self, session: &Session<H, S>, worker: &Worker) {
        let mut fold = Fold::new();
        produce::work(session, worker, &mut fold);
        if let Some(state) = fold.into_state() {
            self.partial.lock().push((worker.index(), state));
        }
    }

    fn merge(self, config: &H::Config, state: &mut H::ConsumerState) -> Result<(), Error> {
        let mut partial = std::mem::take(&mut *self.partial.lock());
        partial.sort_by_key(|(worker, _)| *worker);
        let mut partial = partial.into_iter();
        let merged = catch_unwind(AssertUnwindSafe(|| {
            partial.try_for_each(|(_, from)| {
                H::consumer_merge(config, state, from)
                    .map_err(|error| Error::in_consumer("consumer_merge", error))
            })
        }));
        drop_all_quietly(partial);
        merged.unwrap_or_else(|payload| resume_unwind(payload))
    }
}
