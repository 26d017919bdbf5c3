//! What a run's threads have to know of each other, and what follows from it. It is read and written under the gate's lock.

use super::watch::Watch;
use crate::feed::Feed;
use crate::pace::Pace;
use crate::sync::now;

#[derive(Debug)]
pub(super) struct State {
    pub(super) pace: Pace,
    /// What waits for its batch, where items are pulled ahead.
    pub(super) feed: Option<Feed>,
    pub(super) source: Source,
    /// Whether a worker is between its claim and its report of what it pulled.
    pub(super) pulling: bool,
    pub(super) next_chunk: u64,
    pub(super) next_item: usize,
    /// Slots of the window that are taken.
    pub(super) taken: usize,
    /// Chunks pulled and not yet delivered.
    pub(super) in_work: usize,
    /// How many items these are.
    pub(super) items_in_work: usize,
    pub(super) adoption: Adoption,
    pub(super) delivered: u64,
    pub(super) waiting_workers: usize,
    pub(super) waiting_consumer: bool,
    /// The chunk the consumer waits for, until it is delivered.
    pub(super) awaited: Option<u64>,
    /// Whether the consumer is content to be woken by its own clock.
    pub(super) dozing: bool,
    /// Workers that have not left yet, and the feeder.
    pub(super) present: usize,
    /// Workers that have left, by index.
    pub(super) left: Vec<usize>,
    /// Where a warning is wanted if nothing gets finished.
    pub(super) watch: Option<Watch>,
}

/// What becomes of chunks that a worker cannot finish.
#[derive(Debug, Default)]
pub(super) struct Adoption {
    /// Whether it can come to that: workers then stay until all chunks have been delivered.
    pub(super) is_possible: bool,
    /// How many chunks in work wait for a worker to adopt them.
    pub(super) waiting: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Open,
    /// Nothing more is pulled, but what was pulled ahead goes out.
    Draining,
    Closed,
}

impl State {
    pub(super) fn room(&self) -> usize {
        self.pace.window().saturating_sub(self.taken)
    }

    /// Whether a batch fits, or need not because its items have their slots already.
    pub(super) fn has_room(&self) -> bool {
        self.feed.is_some() || self.room() >= self.pace.batch()
    }

    /// How many items can be claimed.
    pub(super) fn claimable(&self) -> usize {
        if self.source == Source::Closed || self.pulling {
            return 0;
        }
        match &self.feed {
            Some(feed) => feed.due(now(), self.source == Source::Draining),
            None => self.pace.whole_batches(self.pace.chunk().min(self.room())),
        }
    }

    /// Whether a worker should wake up to claim, or to mind the clock of a batch.
    pub(super) fn calls_for_a_worker(&self) -> bool {
        match &self.feed {
            Some(feed) => !self.pulling && feed.deadline().is_some(),
            // One that is at work comes back to claim by itself.
            None => {
                self.claimable() > 0
                    && (self.in_work == 0
                        || self.taken.saturating_sub(self.items_in_work) <= self.pace.tolerable_backlog())
            }
        }
    }

    /// Whether a consumer that is waiting has what it waits for.
    pub(super) fn consumer_may_go_on(&self) -> bool {
        self.is_finished() || (self.awaited.is_none() && !self.dozing)
    }

    /// Whether there is nothing more to do for a worker that has nothing to do.
    pub(super) fn is_over_for_workers(&self) -> bool {
        self.source == Source::Closed && !(self.adoption.is_possible && (self.pulling || self.in_work > 0))
    }

    pub(super) fn is_finished(&self) -> bool {
        self.source == Source::Closed && (self.present == 0 || (!self.pulling && self.in_work == 0))
    }
}
