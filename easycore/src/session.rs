//! Everything the workers and the consumer of one run share.

use std::sync::Arc;

use crate::gate::Gate;
use crate::hooks::Hooks;
use crate::inbox::Inbox;
use crate::options::OnError;
use crate::report::WorkerReport;
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
        let _leaving = self.gate.presence(None);
        self.source.feed(&self.gate);
    }
}
