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
    /// Before anything is pulled, and before anybody has come.
    pub(super) fn new(pace: Pace, feed: Option<Feed>) -> Self {
        Self {
            pace,
            feed,
            source: Source::Open,
            pulling: false,
            next_chunk: 0,
            next_item: 0,
            taken: 0,
            in_work: 0,
            items_in_work: 0,
            adoption: Adoption::default(),
            delivered: 0,
            waiting_workers: 0,
            waiting_consumer: false,
            awaited: None,
            dozing: false,
            present: 0,
            left: Vec::new(),
            watch: None,
        }
    }

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

    /// Whether a consumer that is waiting has what it waits for. One that dozes waits for more, but workers must not run out
    /// of room for want of a consumer that is asleep.
    pub(super) fn consumer_may_go_on(&self) -> bool {
        let dozes_on = self.dozing && self.room() >= self.pace.chunk();
        self.is_finished() || (self.awaited.is_none() && !dozes_on)
    }

    /// Whether there is nothing more to do for a worker that has nothing to do.
    pub(super) fn is_over_for_workers(&self) -> bool {
        self.source == Source::Closed && !(self.adoption.is_possible && (self.pulling || self.in_work > 0))
    }

    pub(super) fn is_finished(&self) -> bool {
        self.source == Source::Closed && (self.present == 0 || (!self.pulling && self.in_work == 0))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Source, State};
    use crate::feed::Feed;
    use crate::options::{Chunk, Options};
    use crate::pace::Pace;
    use crate::sync::now;

    /// The state of a run of two workers, in batches of so many items, with a window of 40 that is not said explicitly.
    fn of_batches(batch: usize, feed: Option<Feed>) -> State {
        let options = Options::new().chunk(Chunk::Exactly(4)).queue_scale(5.0);
        State::new(Pace::new(&options, 2, batch, 8), feed)
    }

    #[test]
    fn a_worker_is_called_if_nobody_is_at_work_or_little_waits_for_the_consumer() {
        let mut state = of_batches(1, None);
        state.taken = 30;
        assert!(state.calls_for_a_worker(), "nobody would come back to claim");
        (state.in_work, state.items_in_work) = (1, 4);
        assert!(!state.calls_for_a_worker(), "26 items wait, which is more than a quarter of the window");
        state.items_in_work = 20;
        assert!(state.calls_for_a_worker(), "10 items wait");
        state.pulling = true;
        assert!(!state.calls_for_a_worker(), "whoever pulls calls the next one");
        (state.in_work, state.items_in_work) = (0, 0);
        assert!(!state.calls_for_a_worker());
    }

    #[test]
    fn a_worker_is_called_to_mind_the_clock_of_a_batch() {
        let mut state = of_batches(4, Some(Feed::new(4, Duration::from_secs(5))));
        assert!(!state.calls_for_a_worker(), "nothing waits");
        state.feed.as_mut().expect("there is one").arrive(now());
        assert!(state.calls_for_a_worker());
        state.pulling = true;
        assert!(!state.calls_for_a_worker(), "whoever pulls minds it then");
    }

    #[test]
    fn there_is_room_if_a_batch_fits() {
        let mut state = of_batches(4, None);
        state.taken = 36;
        assert!(state.has_room());
        state.taken = 37;
        assert!(!state.has_room());
        state.feed = Some(Feed::new(4, Duration::ZERO));
        assert!(state.has_room(), "what was pulled ahead has its slots");
    }

    #[test]
    fn a_consumer_dozes_on_behind_a_delivery_until_the_workers_run_out_of_room() {
        let mut state = of_batches(1, None);
        (state.awaited, state.in_work) = (Some(0), 1);
        assert!(!state.consumer_may_go_on(), "it waits for a chunk");
        state.awaited = None;
        assert!(state.consumer_may_go_on());
        (state.dozing, state.taken) = (true, 36);
        assert!(!state.consumer_may_go_on(), "a chunk fits");
        state.taken = 37;
        assert!(state.consumer_may_go_on());
        (state.awaited, state.source, state.in_work) = (Some(1), Source::Closed, 0);
        assert!(state.consumer_may_go_on(), "there is no more to wait for");
    }
}
