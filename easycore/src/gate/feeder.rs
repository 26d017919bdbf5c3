//! The gate as the thread sees it that pulls items ahead for batches with a delay.

use super::Gate;
use super::state::Source;
use crate::sync::now;

impl Gate {
    /// Waits for a free slot of the window and takes it; `false` once nothing more is to be pulled.
    pub(crate) fn reserve(&self) -> bool {
        let mut state = self.state.lock();
        while state.source == Source::Open && state.room() == 0 {
            state = self.room.wait(state);
        }
        let goes_on = state.source == Source::Open;
        state.taken += usize::from(goes_on);
        if let Some(watch) = &mut state.watch {
            watch.feed(goes_on);
        }
        goes_on
    }

    /// Reports that one more item waits for its batch.
    pub(crate) fn arrived(&self) {
        let mut state = self.state.lock();
        if let Some(feed) = &mut state.feed {
            feed.arrive(now());
        }
        if let Some(watch) = &mut state.watch {
            watch.feed(false);
        }
        self.wake_a_worker(&state);
    }

    /// Reports that no more come.
    pub(crate) fn end_feed(&self) {
        let mut state = self.state.lock();
        if let Some(feed) = &mut state.feed {
            feed.close();
            if feed.is_exhausted() {
                state.source = Source::Closed;
            }
        }
        if let Some(watch) = &mut state.watch {
            watch.feed(false);
        }
        self.wake_all_workers(&state);
        self.wake_consumer_if_it_may_go_on(&state);
    }
}
