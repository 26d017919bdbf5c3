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
    /// How many it has.
    pub(crate) items: usize,
    /// Whether its items are likely to take next to no time.
    pub(crate) brisk: bool,
}

/// What a worker may do next.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Claim {
    /// Pull so many items at the most, and call [`pulled`](Gate::pulled).
    Pull(usize),
    /// Take over a chunk that was handed over, and deliver it or hand it over again.
    Adopt,
}

impl Gate {
    /// Waits for something to do; `None` once there is nothing more, or the worker is not `wanted` any more, which is asked
    /// again whenever a chunk has been handed over.
    pub(crate) fn claim(&self, worker: usize, waits: &mut Waits, wanted: impl Fn() -> bool) -> Option<Claim> {
        let mut state = self.state.lock();
        loop {
            if !wanted() {
                // Whatever it was woken for is for another one.
                self.wake_a_worker(&state);
                return None;
            }
            if state.adoption.waiting > 0 {
                state.adoption.waiting -= 1;
                return Some(Claim::Adopt);
            }
            let budget = state.claimable();
            if budget > 0 {
                state.pulling = true;
                if let Some(watch) = &mut state.watch {
                    watch.claim(worker);
                }
                if state.feed.is_none() {
                    state.taken += budget;
                }
                return Some(Claim::Pull(budget));
            }
            if state.is_over_for_workers() {
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
        let (chunk, first) = (state.next_chunk, state.next_item);
        if let Some(watch) = &mut state.watch {
            watch.pulled(chunk, first..first + items);
        }
        match &mut state.feed {
            None => state.taken -= budget - items,
            // The news took the place of an item. It ends the input, so nobody misses its slot.
            Some(feed) => feed.take(items + usize::from(news)),
        }
        if !more || state.feed.as_ref().is_some_and(Feed::is_exhausted) {
            state.source = Source::Closed;
        }
        let ticket = (items > 0 || news).then(|| {
            let ticket = Ticket { chunk, first, items, brisk: state.pace.is_brisk() };
            state.next_chunk += 1;
            state.next_item += items;
            state.in_work += 1;
            state.items_in_work += items;
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

    /// Reports that a chunk of so many `items`, which took this `worker` so much `time` to pull and work, has just been put into the
    /// inbox, whose lock the caller still holds.
    pub(crate) fn delivered(&self, ticket: Ticket, worker: usize, items: usize, time: Duration) {
        let mut state = self.state.lock();
        state.pace.record(worker, items, time);
        state.in_work -= 1;
        state.items_in_work -= ticket.items;
        state.delivered += 1;
        if state.watch.as_mut().is_some_and(|watch| watch.delivered(ticket.chunk)) {
            // A consumer that has told of a stall waits without a limit, also for another chunk than this one.
            self.deliverable.notify_all();
        }
        let answers = match self.order {
            Order::Ordered => state.awaited == Some(ticket.chunk),
            Order::Unordered => state.awaited.is_some(),
        };
        if answers {
            state.awaited = None;
            self.change_pulling(pulling::LET_GO, pulling::GO_ON);
        }
        if state.adoption.is_possible && state.is_over_for_workers() {
            self.wake_all_workers(&state);
        }
        self.wake_consumer_if_it_may_go_on(&state);
    }

    /// Reports that a chunk has just been put where another worker may adopt it.
    pub(crate) fn handed_over(&self) {
        let mut state = self.state.lock();
        state.adoption.waiting += 1;
        // Those of the device that was given up go home, one of the others adopts it, and the rest mind the clock of a batch if
        // there is one.
        self.wake_all_workers(&state);
    }

    /// Reports who has adopted a chunk.
    pub(crate) fn adopted(&self, ticket: Ticket, worker: usize) {
        if let Some(watch) = &mut self.state.lock().watch {
            watch.adopted(ticket.chunk, worker);
        }
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

    /// Counts workers in, who may have to adopt each other's chunks. The caller of the run does this before the workers are let
    /// loose.
    pub(crate) fn enter(&self, workers: usize, adopting: bool) {
        let mut state = self.state.lock();
        state.present += workers;
        state.adoption.is_possible = adopting;
    }

    /// Counts the calling worker out when it is dropped, so that nobody waits for a thread that is gone; the feeder has no
    /// index.
    pub(crate) fn presence(&self, worker: Option<usize>) -> Presence<'_> {
        Presence { gate: self, worker }
    }
}

/// A worker's presence in a run.
pub(crate) struct Presence<'g> {
    gate: &'g Gate,
    worker: Option<usize>,
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        if panicking() {
            // No user code panics up to here. Whatever it was, the run cannot go on without what this worker holds, which
            // nobody will adopt.
            self.gate.state.lock().adoption.is_possible = false;
            self.gate.stop();
        }
        let mut state = self.gate.state.lock();
        state.present -= 1;
        state.left.extend(self.worker);
        if state.present == 0 {
            self.gate.deliverable.notify_all();
        }
    }
}
