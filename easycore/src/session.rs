//! Everything the workers and the consumer of one run share.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::gate::Gate;
use crate::handover::Waiting;
use crate::hooks::Hooks;
use crate::inbox::Inbox;
use crate::options::{OnError, Options};
use crate::panic::drop_quietly;
use crate::report::WorkerReport;
use crate::roster::Roster;
use crate::source::Source;
use crate::sync::Mutex;

pub(crate) struct Session<H: Hooks, S> {
    pub(crate) config: Arc<H::Config>,
    pub(crate) on_error: OnError,
    pub(crate) recycle_after: Option<usize>,
    /// How often a worker may be made anew in vain, and within which time.
    pub(crate) restarts: (usize, Duration),
    pub(crate) roster: Roster,
    pub(crate) gate: Arc<Gate>,
    pub(crate) source: S,
    pub(crate) inbox: Inbox<H::Output>,
    pub(crate) unfinished: Waiting<H::Item, H::Output>,
    /// Each worker adds its own when it leaves.
    pub(crate) workers: Mutex<Vec<WorkerReport>>,
}

impl<H: Hooks, S: Source<Item = H::Item>> Session<H, S> {
    pub(crate) fn new(
        config: &Arc<H::Config>,
        options: &Options,
        roster: Roster,
        gate: &Arc<Gate>,
        source: S,
    ) -> Self {
        Self {
            config: Arc::clone(config),
            on_error: options.on_error,
            recycle_after: options.recycle_after,
            restarts: options.restarts,
            roster,
            gate: Arc::clone(gate),
            source,
            inbox: Inbox::new(),
            unfinished: Waiting::new(),
            workers: Mutex::new(Vec::new()),
        }
    }

    /// The feeder's part in the run. It holds the session no longer than it is counted in, so that whoever waits for it to leave
    /// finds what it held free.
    pub(crate) fn feed(session: impl Deref<Target = Self>) {
        let gate = Arc::clone(&session.gate);
        let _leaving = gate.presence(None);
        session.source.feed(&gate);
        drop_quietly(session);
    }
}
