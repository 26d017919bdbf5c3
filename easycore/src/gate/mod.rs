//! The state machine of a run: who may pull, how much fits the window, what has been delivered, and how it all comes
//! to rest. Every wait of a run's threads is in this folder, and `stop`, `cancel` and `drain` end each of them.
//!
//! Nothing here knows items or outputs: a worker that was granted a claim owns the source until it reports back with
//! `pulled`, and what it makes of the items goes into the inbox together with its call of `delivered`.
//!
//! One credit mechanism bounds everything: a slot of the window is taken before an item is pulled and given back when
//! the consumer is done with it, so nothing ever waits to hand a result over.

use crossbeam_utils::CachePadded;

use crate::feed::Feed;
use crate::hooks::Order;
use crate::pace::Pace;
use crate::sync::{AtomicBool, AtomicU8, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering};

mod consumer;
mod feeder;
mod state;
mod watch;
mod worker;

use state::{Source, State};
pub(crate) use watch::Watch;
pub(crate) use worker::{Claim, Ticket, Waits};

/// What whoever pulls is asked to do after the `next()` in progress.
mod pulling {
    pub(super) const GO_ON: u8 = 0;
    pub(super) const LET_GO: u8 = 1;
    pub(super) const STOP: u8 = 2;
}

#[derive(Debug)]
pub(crate) struct Gate {
    order: Order,
    state: Mutex<State>,
    /// Workers wait here until they can claim, or never will again.
    claimable: Condvar,
    /// A feeder waits here for room in the window.
    room: Condvar,
    /// The consumer waits here for a delivery, or for the workers to come to rest.
    deliverable: Condvar,
    /// Items from this index on need no work any more.
    cutoff: CachePadded<AtomicUsize>,
    pulling: CachePadded<AtomicU8>,
    cancelled: CachePadded<AtomicBool>,
}

impl Gate {
    pub(crate) fn new(order: Order, pace: Pace, feed: Option<Feed>) -> Self {
        Self {
            order,
            state: Mutex::new(State::new(pace, feed)),
            claimable: Condvar::default(),
            room: Condvar::default(),
            deliverable: Condvar::default(),
            cutoff: CachePadded::new(AtomicUsize::new(usize::MAX)),
            pulling: CachePadded::new(AtomicU8::new(pulling::GO_ON)),
            cancelled: CachePadded::new(AtomicBool::new(false)),
        }
    }

    /// From now on, has the consumer warn if nothing gets finished while it waits.
    pub(crate) fn watch(&self, watch: Watch) {
        self.state.lock().watch = Some(watch);
    }

    /// Like [`stop`](Self::stop), and what was pulled is not consumed either.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        self.close(0);
    }

    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// No more is pulled; what was pulled is worked and consumed.
    pub(crate) fn drain(&self) {
        self.pulling.store(pulling::STOP, Ordering::Relaxed);
        let mut state = self.state.lock();
        if state.source == Source::Open {
            state.source = if state.feed.is_some() { Source::Draining } else { Source::Closed };
        }
        self.tell_of_the_end(&state);
    }

    fn close(&self, cutoff: usize) {
        self.cutoff.fetch_min(cutoff, Ordering::Relaxed);
        self.pulling.store(pulling::STOP, Ordering::Relaxed);
        let mut state = self.state.lock();
        state.source = Source::Closed;
        self.tell_of_the_end(&state);
    }

    fn change_pulling(&self, from: u8, to: u8) {
        // Failing to change it means that it says `STOP`, or already says `to`.
        let _ = self.pulling.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn tell_of_the_end(&self, state: &MutexGuard<'_, State>) {
        self.wake_all_workers(state);
        self.room.notify_all();
        self.wake_consumer_if_it_may_go_on(state);
    }

    fn wake_a_worker(&self, state: &MutexGuard<'_, State>) {
        if state.waiting_workers > 0 && state.calls_for_a_worker() {
            self.claimable.notify_one();
        }
    }

    fn wake_all_workers(&self, state: &MutexGuard<'_, State>) {
        if state.waiting_workers > 0 {
            self.claimable.notify_all();
        }
    }

    fn wake_consumer_if_it_may_go_on(&self, state: &MutexGuard<'_, State>) {
        if state.waiting_consumer && state.consumer_may_go_on() {
            self.deliverable.notify_all();
        }
    }
}
