//! The state machine of a run: who may pull, how much fits the window, what has been delivered, and how it all comes
//! to rest. Every wait of a run's threads is in this file, and `stop`, `cancel` and `drain` end each of them.
//!
//! Nothing here knows items or outputs: a worker that was granted a claim owns the source until it reports back with
//! `pulled`, and what it makes of the items goes into the inbox together with its call of `delivered`.
//!
//! One credit mechanism bounds everything: a slot of the window is taken before an item is pulled and given back when
//! the consumer is done with it, so nothing ever waits to hand a result over.

use std::sync::MutexGuard;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use crate::hooks::Order;
use crate::pace::Pace;
use crate::sync::{Condvar, Mutex};

/// How long the consumer waits before whoever pulls is asked to let go of what it has.
const PATIENCE: Duration = Duration::from_millis(1);

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
    /// The consumer waits here for a delivery, or for the workers to come to rest.
    deliverable: Condvar,
    /// Items from this index on need no work any more.
    cutoff: CachePadded<AtomicUsize>,
    pulling: CachePadded<AtomicU8>,
    cancelled: CachePadded<AtomicBool>,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    source: Source,
    /// Whether a worker is between its claim and its report of what it pulled.
    pulling: bool,
    next_chunk: u64,
    next_item: usize,
    /// Slots of the window that are taken.
    taken: usize,
    /// Chunks pulled and not yet delivered.
    in_work: usize,
    delivered: u64,
    waiting_workers: usize,
    waiting_consumer: bool,
    /// The chunk the consumer waits for, until it is delivered.
    awaited: Option<u64>,
    /// Whether the consumer is content to be woken by its own clock.
    dozing: bool,
    /// Workers that have not left yet.
    present: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Open,
    Closed,
}

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

impl State {
    fn room(&self) -> usize {
        self.pace.window().saturating_sub(self.taken)
    }

    /// Whether a batch fits.
    fn has_room(&self) -> bool {
        self.room() >= self.pace.batch()
    }

    fn is_claimable(&self) -> bool {
        self.source == Source::Open && !self.pulling && self.has_room()
    }

    /// Whether a consumer that is waiting has what it waits for.
    fn consumer_may_go_on(&self) -> bool {
        self.is_finished() || (self.awaited.is_none() && !self.dozing)
    }

    fn is_finished(&self) -> bool {
        self.source == Source::Closed && !self.pulling && self.in_work == 0
    }
}

impl Gate {
    pub(crate) fn new(order: Order, pace: Pace) -> Self {
        Self {
            order,
            state: Mutex::new(State {
                pace,
                source: Source::Open,
                pulling: false,
                next_chunk: 0,
                next_item: 0,
                taken: 0,
                in_work: 0,
                delivered: 0,
                waiting_workers: 0,
                waiting_consumer: false,
                awaited: None,
                dozing: false,
                present: 0,
            }),
            claimable: Condvar::default(),
            deliverable: Condvar::default(),
            cutoff: CachePadded::new(AtomicUsize::new(usize::MAX)),
            pulling: CachePadded::new(AtomicU8::new(pulling::GO_ON)),
            cancelled: CachePadded::new(AtomicBool::new(false)),
        }
    }

    // What a worker calls.

    /// Waits for the right to pull, and returns how many items at the most; `None` once there is nothing more to pull.
    /// Whoever gets a number must call [`pulled`](Self::pulled).
    pub(crate) fn claim(&self, waits: &mut Waits) -> Option<usize> {
        let mut state = self.state.lock();
        while !state.is_claimable() {
            if state.source == Source::Closed {
                return None;
            }
            let wait = if state.has_room() { &mut waits.for_input } else { &mut waits.for_consumer };
            let since = Instant::now();
            state.waiting_workers += 1;
            state = self.claimable.wait(state);
            state.waiting_workers -= 1;
            *wait += since.elapsed();
        }
        let budget = state.pace.whole_batches(state.pace.chunk().min(state.room()));
        state.pulling = true;
        state.taken += budget;
        Some(budget)
    }

    /// Reports that of a claimed `budget` so many `items` were pulled, and whether the source has `more`. A chunk that
    /// has neither items nor `news` for the consumer gets no ticket; whoever gets one must call
    /// [`delivered`](Self::delivered).
    pub(crate) fn pulled(&self, budget: usize, items: usize, more: bool, news: bool) -> Option<Ticket> {
        let mut state = self.state.lock();
        state.pulling = false;
        state.taken -= budget - items;
        if !more {
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

    /// Counts a worker out.
    pub(crate) fn leave(&self) {
        let mut state = self.state.lock();
        state.present -= 1;
        if state.present == 0 {
            self.deliverable.notify_all();
        }
    }

    // What the consumer calls.

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
            let deadline = Instant::now() + PATIENCE;
            let mut patient = true;
            while !state.consumer_may_go_on() {
                if !patient {
                    state = self.deliverable.wait(state);
                    continue;
                }
                let left = deadline.saturating_duration_since(Instant::now());
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

    fn change_pulling(&self, from: u8, to: u8) {
        // Failing to change it means that it says `STOP`, or already says `to`.
        let _ = self.pulling.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Gives back the window slots of so many `items`, which the consumer is done with.
    pub(crate) fn give_back(&self, items: usize) {
        let mut state = self.state.lock();
        state.taken -= items;
        self.wake_a_worker(&state);
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

    // What any thread may call.

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
        self.close(usize::MAX);
    }

    fn close(&self, cutoff: usize) {
        self.cutoff.fetch_min(cutoff, Ordering::Relaxed);
        self.pulling.store(pulling::STOP, Ordering::Relaxed);
        let mut state = self.state.lock();
        state.source = Source::Closed;
        self.wake_all_workers(&state);
        self.wake_consumer_if_it_may_go_on(&state);
    }

    fn wake_a_worker(&self, state: &MutexGuard<'_, State>) {
        if state.waiting_workers > 0 && state.is_claimable() {
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
