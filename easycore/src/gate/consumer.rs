//! The gate as the consumer sees it.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use super::state::State;
use super::{Gate, pulling};
use crate::hooks::Order;
use crate::sync::{MutexGuard, now};

/// How long the consumer waits before whoever pulls is asked to let go of what it has.
const PATIENCE: Duration = Duration::from_millis(1);

impl Gate {
    /// Waits until more than `seen` chunks have been delivered, in ordered mode the one numbered `head` among them;
    /// `false` once every chunk there will ever be has been seen.
    ///
    /// To be woken for each chunk would cost a good part of the 100 µs that a chunk takes. So the consumer dozes first: what
    /// comes within its patience is taken together when that ends, unless room runs out. After that the next delivery
    /// wakes it at once, and what has been pulled and is being held back is asked for.
    pub(crate) fn await_delivery(&self, seen: u64, head: u64) -> bool {
        let mut state = self.state.lock();
        if state.delivered == seen && !state.is_finished() {
            state.waiting_consumer = true;
            state.awaited = Some(head);
            state.dozing = state.pace.is_automatic();
            let begun = now();
            let deadline = begun + PATIENCE;
            let mut patient = true;
            while !state.consumer_may_go_on() {
                if !patient {
                    state = self.wait_and_warn(state, begun);
                    continue;
                }
                let left = deadline.saturating_duration_since(now());
                if left.is_zero() {
                    patient = false;
                    state.dozing = false;
                    self.ask_for_what_is_pulled(&state, head);
                } else {
                    state = self.deliverable.wait_for(state, left);
                }
            }
            (state.waiting_consumer, state.awaited) = (false, None);
        }
        state.delivered > seen
    }

    /// Waits on, and warns if nothing has been finished for too long.
    fn wait_and_warn<'g>(
        &'g self,
        mut state: MutexGuard<'g, State>,
        since: Instant,
    ) -> MutexGuard<'g, State> {
        match state.watch.as_mut().and_then(|watch| Some((watch.patience(since)?, watch))) {
            None => self.deliverable.wait(state),
            Some((Duration::ZERO, watch)) => {
                let line = watch.tell();
                drop(state);
                // Where nobody can read it, there is nobody to warn.
                let _ = io::stderr().write_all(line.as_bytes());
                self.state.lock()
            }
            Some((patience, _)) => self.deliverable.wait_for(state, patience),
        }
    }

    /// In ordered mode what is being pulled does not help while an earlier chunk is still in work; a batch waits until it is
    /// full.
    fn ask_for_what_is_pulled(&self, state: &State, head: u64) {
        if state.pace.batch() > 1 {
            return;
        }
        if state.awaited.is_some() && (self.order == Order::Unordered || head == state.next_chunk) {
            self.change_pulling(pulling::GO_ON, pulling::LET_GO);
        }
    }

    /// Gives back the window slots of so many `items`, which the consumer is done with.
    pub(crate) fn give_back(&self, items: usize) {
        let mut state = self.state.lock();
        state.taken -= items;
        self.wake_a_worker(&state);
        if state.feed.is_some() {
            self.room.notify_one();
        }
    }

    /// No more is pulled or worked: the run is over but for coming to rest.
    pub(crate) fn stop(&self) {
        self.close(0);
    }

    /// How many items have been pulled.
    pub(crate) fn pulled_so_far(&self) -> usize {
        self.state.lock().next_item
    }

    /// Waits until every worker has left, at most for `limit`; whether they have.
    pub(crate) fn await_rest(&self, limit: Option<Duration>) -> bool {
        let begun = now();
        let mut state = self.state.lock();
        while state.present > 0 {
            state = match limit.map(|limit| limit.saturating_sub(now().saturating_duration_since(begun))) {
                None => self.deliverable.wait(state),
                Some(Duration::ZERO) => return false,
                Some(left) => self.deliverable.wait_for(state, left),
            };
        }
        true
    }

    pub(crate) fn has_left(&self, worker: usize) -> bool {
        self.state.lock().left.contains(&worker)
    }
}
