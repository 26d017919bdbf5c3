//! The gate as the consumer sees it.

use std::time::Duration;

use super::state::State;
use super::{Gate, pulling};
use crate::hooks::Order;
use crate::sync::now;

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
            let deadline = now() + PATIENCE;
            let mut patient = true;
            while !state.consumer_may_go_on() {
                if !patient {
                    state = self.deliverable.wait(state);
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

    /// Waits until every worker has left.
    pub(crate) fn await_rest(&self) {
        let mut state = self.state.lock();
        while state.present > 0 {
            state = self.deliverable.wait(state);
        }
    }
}
