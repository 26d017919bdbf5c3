//! Everything the workers and the consumer of one run share.

use std::sync::Arc;
use std::time::Instant;

use crate::consume::Ledger;
use crate::error::Error;
use crate::gate::Gate;
use crate::hooks::Hooks;
use crate::inbox::Inbox;
use crate::options::OnError;
use crate::report::{Report, WorkerReport};
use crate::source::Source;
use crate::sync::Mutex;

pub(crate) struct Session<H: Hooks, S> {
    pub(crate) config: Arc<H::Config>,
    pub(crate) on_error: OnError,
    pub(crate) gate: Arc<Gate>,
    pub(crate) source: S,
    pub(crate) inbox: Inbox<H::Output>,
    /// Each worker adds its own when it leaves.
    pub(crate) workers: Mutex<Vec<WorkerReport>>,
}

impl<H: Hooks, S: Source<Item = H::Item>> Session<H, S> {
    pub(crate) fn new(config: &Arc<H::Config>, on_error: OnError, gate: &Arc<Gate>, source: S) -> Self {
        Self {
            config: Arc::clone(config),
            on_error,
            gate: Arc::clone(gate),
            source,
            inbox: Inbox::new(),
            workers: Mutex::new(Vec::new()),
        }
    }

    /// The feeder's part in the run.
    pub(crate) fn feed(&self) {
        let _leaving = self.gate.presence();
        self.source.feed(&self.gate);
    }

    /// Ends a run whose workers have left: drops the input, and closes the accounts.
    pub(crate) fn close(&self, ledger: Ledger, begun: Instant) -> (Report, Result<(), Error>) {
        let (leftover, input) = self.source.close();
        let (mut report, error) = ledger.close(&self.gate);
        report.pulled += leftover.discarded + leftover.failed;
        report.counts.discarded += leftover.discarded;
        report.counts.failed += leftover.failed;
        report.elapsed = begun.elapsed();
        report.workers = std::mem::take(&mut *self.workers.lock());
        report.workers.sort_by_key(|worker| worker.index);
        (report, error.map_or_else(|| input.map_err(Error::in_input), Err))
    }
}
