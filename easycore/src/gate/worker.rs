//! The gate as a worker sees it.

use std::time::Duration;

use super::state::Source;
use super::{Gate, pulling};
use crate::feed::Feed;
use crate::hooks::Order;
use crate::sync::{Ordering, now, panicking};

/// How long a worker had to wait for its claims.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Waits {
    /// For another worker to finish pulling.
    pub(crate) for_input: Duration,
    /// For the consumer to give back a slot of the window.
    pub(crate) for_consumer: Duration,
}

/// Where a pulled chunk stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket {
    /// Its number among the chunks.
    pub(crate) chunk: u64,
    /// The index of its first item.
    pub(crate) first: usize,
}

impl Gate {
    /// Waits for the right to pull, and returns how many items at the most; `None` once there is nothing more to pull.
    /// Whoever gets a number must call [`pulled`](Self::pulled).
    pub(crate) fn claim(&self, waits: &mut Waits) -> Option<usize> {
        let mut state = self.state.lock();
        loop {
            let budget = state.claimable();
            if budget > 0 {
                state.pulling = true;
                if state.feed.is_none() {
                    state.taken += budget;
                }
                return Some(budget);
            }
            if state.source == Source::Closed {
                return None;
            }
            let wait = if state.has_room() { &mut waits.for_input } else { &mut waits.for_consumer };
            let deadline = state.feed.as_ref().and_then(Feed::deadline).filter(|_| !state.pulling);
            let since = now();
            state.waiting_workers += 1;
            state = match deadline {
                Some(deadline) => self.claimable.wait_for(state, deadline.saturating_duration_since(since)),
                None => self.claimable.wait(state),
            };
            state.waiting_workers -= 1;
            *wait += now() - since;
        }
    }

    /// Reports that of a claimed `budget` so many `items` were pulled, and whether the source has `more`. A chunk that
    /// has neither items nor `news` for the consumer gets no ticket; whoever gets one must call
    /// [`delivered`](Self::delivered).
    pub(crate) fn pulled(&self, budget: usize, items: usize, more: bool, news: bool) -> Option<Ticket> {
        let mut state = self.state.lock();
        state.pulling = false;
        match &mut state.feed {
            None => state.taken -= budget - items,
            Some(feed) => {
                // The news took the place of an item.
                feed.take(items + usize::from(news));
                state.taken -= usize::from(news);
            }
        }
        if !more || state.feed.as_ref().is_some_and(Feed::is_exhausted) {
            state.source = Source::Closed;
        }
        let ticket = (items > 0 || news).then(|| {
            let ticket = Ticket { chunk: state.next_chunk, first: state.next_item };
            state.next_chunk += 1;
            state.next_item += items;
            state.in_work += 1;
            ticket
        });
        if state.source == Source::Closed {
            self.wake_all_workers(&state);
            self.wake_consumer_if_it_may_go_on(&state);
        } else {
            self.wake_a_worker(&state);
        }
        ticket
    }

    /// Reports that a chunk of so many `items`, which took `time` to pull and work, has just been put into the inbox, whose
    /// lock the caller still holds.
    pub(crate) fn delivered(&self, ticket: Ticket, items: usize, time: Duration) {
        let mut state = self.state.lock();
        state.pace.record(items, time);
        state.in_work -= 1;
        state.delivered += 1;
        let answers = match self.order {
            Order::Ordered => state.awaited == Some(ticket.chunk),
            Order::Unordered => state.awaited.is_some(),
        };
        if answers {
            state.awaited = None;
            self.change_pulling(pulling::LET_GO, pulling::GO_ON);
        }
        // Workers must not run out of room for want of a consumer that is asleep.
        if state.room() < state.pace.chunk() {
            state.dozing = false;
        }
        self.wake_consumer_if_it_may_go_on(&state);
    }

    /// Whether whoever pulls should report what it has.
    #[inline]
    pub(crate) fn wants_what_is_pulled(&self) -> bool {
        self.pulling.load(Ordering::Relaxed) != pulling::GO_ON
    }

    /// Whether the item of this index need not be worked any more.
    #[inline]
    pub(crate) fn is_cut_off(&self, index: usize) -> bool {
        index >= self.cutoff.load(Ordering::Relaxed)
    }

    /// A failure that is certain to end the run: in ordered mode what comes before it is still worked, in unordered mode
    /// nothing more is.
    pub(crate) fn fail_at(&self, index: usize) {
        match self.order {
            Order::Ordered => self.close(index),
            Order::Unordered => self.close(0),
        }
    }

    /// Counts a worker in. The caller of the run does this before the workers are let loose.
    pub(crate) fn enter(&self, workers: usize) {
        self.state.lock().present += workers;
    }

    /// Counts the calling worker out when it is dropped, so that nobody waits for a thread that is gone.
    pub(crate) fn presence(&self) -> Presence<'_> {
        Presence(self)
    }
}

/// A worker's presence in a run.
pub(crate) struct Presence<'g>(&'g Gate);

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        if panicking() {
            // No user code panics up to here. Whatever it was, the run cannot go on without what this worker holds.
            self.0.stop();
        }
        let mut state = self.0.state.lock();
        state.present -= 1;
        if state.present == 0 {
            self.0.deliverable.notify_all();
        }
    }
}
