//! The gate by itself, in pieces small enough to search every schedule there is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use shuttle::thread::{self, JoinHandle, spawn};

use crate::consume::Intake;
use crate::explore::{explore, explore_all};
use crate::gate::{Claim, Gate, Ticket, Waits};
use crate::hooks::Order;
use crate::inbox::{Done, Inbox};
use crate::options::{Chunk, Options};
use crate::pace::Pace;
use crate::sync::{begin_to_die, now};

const NO_TIME: Duration = Duration::ZERO;

/// A gate for chunks of one item.
fn gate(order: Order, window: usize, present: usize) -> Arc<Gate> {
    let options = Options::new().window(window).chunk(Chunk::Exactly(1));
    let gate = Gate::new(order, Pace::new(&options, 1, 1, 1), None);
    gate.enter(present, false);
    Arc::new(gate)
}

/// The budget of a claim, where nothing is handed over.
fn claim(gate: &Gate) -> Option<usize> {
    match gate.claim(0, &mut Waits::default(), || true)? {
        Claim::Pull(budget) => Some(budget),
        Claim::Adopt => panic!("nobody has handed anything over"),
    }
}

/// Claims and pulls one item.
fn pull(gate: &Gate) -> Option<Ticket> {
    let budget = claim(gate)?;
    gate.pulled(budget, 1, true, false)
}

/// Puts a chunk of one item into the inbox.
fn deliver(gate: &Gate, inbox: &Inbox<usize>, ticket: Ticket) {
    let mut done = Done::new(ticket, 1);
    done.outputs.push(ticket.first);
    inbox.put(done, || gate.delivered(ticket, 0, 1, NO_TIME));
}

fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        thread.join().expect("nobody panics");
    }
}

#[test]
fn whoever_ends_a_run_wakes_those_that_wait_for_room() {
    for end in [Gate::cancel, Gate::drain, Gate::stop] {
        explore_all(move || {
            let gate = gate(Order::Ordered, 1, 1);
            pull(&gate).expect("there is room for one");
            let worker = spawn({
                let gate = Arc::clone(&gate);
                move || pull(&gate).is_none()
            });
            end(&gate);
            assert!(worker.join().expect("nobody panics"), "there is nothing more to pull");
        });
    }
}

#[test]
fn the_end_of_a_run_wakes_every_worker() {
    explore(|| {
        let gate = gate(Order::Ordered, 1, 3);
        pull(&gate).expect("there is room for one");
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let gate = Arc::clone(&gate);
                spawn(move || pull(&gate).is_none())
            })
            .collect();
        gate.cancel();
        assert!(workers.into_iter().all(|worker| worker.join().expect("nobody panics")));
    });
}

#[test]
fn a_slot_that_is_given_back_is_taken_again() {
    explore_all(|| {
        let gate = gate(Order::Unordered, 1, 1);
        pull(&gate).expect("there is room for one");
        let worker = spawn({
            let gate = Arc::clone(&gate);
            move || pull(&gate).is_some()
        });
        gate.give_back(1);
        assert!(worker.join().expect("nobody panics"));
    });
}

#[test]
fn the_next_worker_is_let_in_when_one_has_pulled() {
    explore_all(|| {
        let gate = gate(Order::Unordered, 2, 2);
        let other = spawn({
            let gate = Arc::clone(&gate);
            move || pull(&gate).expect("there is room for two").first
        });
        let first = pull(&gate).expect("there is room for two").first;
        let mut places = [first, other.join().expect("nobody panics")];
        places.sort_unstable();
        assert_eq!(places, [0, 1], "each has a place of its own");
    });
}

#[test]
fn only_one_worker_at_a_time_pulls() {
    explore(|| {
        let gate = gate(Order::Unordered, 3, 3);
        let pulling = Arc::new(AtomicUsize::new(0));
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let (gate, pulling) = (Arc::clone(&gate), Arc::clone(&pulling));
                spawn(move || {
                    let budget = claim(&gate).expect("there is room for all");
                    assert_eq!(pulling.fetch_add(1, Ordering::SeqCst), 0, "nobody else pulls");
                    thread::yield_now();
                    pulling.fetch_sub(1, Ordering::SeqCst);
                    assert!(gate.pulled(budget, 1, true, false).is_some());
                })
            })
            .collect();
        join(workers);
    });
}

#[test]
fn a_consumer_that_waits_hears_of_a_delivery_and_of_the_end() {
    for order in [Order::Ordered, Order::Unordered] {
        explore_all(move || {
            let gate = gate(order, 1, 1);
            let inbox = Arc::new(Inbox::new());
            let ticket = pull(&gate).expect("there is room");
            gate.drain();
            let worker = spawn({
                let (gate, inbox) = (Arc::clone(&gate), Arc::clone(&inbox));
                move || deliver(&gate, &inbox, ticket)
            });
            let mut intake = Intake::new(order);
            let done = intake.next(&gate, &inbox).expect("it was pulled");
            assert_eq!(done.outputs, [0]);
            assert!(intake.next(&gate, &inbox).is_none());
            worker.join().expect("nobody panics");
        });
    }
}

#[test]
fn a_consumer_that_waits_hears_of_the_end_before_anybody_leaves() {
    for end in [Gate::cancel, Gate::drain, Gate::stop, exhaust] {
        explore_all(move || {
            let gate = gate(Order::Ordered, 1, 1);
            let other = spawn({
                let gate = Arc::clone(&gate);
                move || end(&gate)
            });
            assert!(!gate.await_delivery(0, 0), "nothing was pulled");
            other.join().expect("nobody panics");
        });
    }
}

/// Finds that there is nothing to pull.
fn exhaust(gate: &Gate) {
    let budget = claim(gate).expect("there is room");
    assert!(gate.pulled(budget, 0, false, false).is_none());
}

#[test]
fn slots_that_a_claim_did_not_fill_can_be_claimed_again() {
    explore_all(|| {
        let options = Options::new().window(2).chunk(Chunk::Exactly(2));
        let gate = Gate::new(Order::Ordered, Pace::new(&options, 1, 1, 1), None);
        assert_eq!(claim(&gate), Some(2));
        assert!(gate.pulled(2, 1, true, false).is_some());
        assert_eq!(claim(&gate), Some(1));
    });
}

#[test]
fn chunks_that_come_out_of_turn_are_put_back_in_line() {
    explore(|| {
        let gate = gate(Order::Ordered, 2, 2);
        let inbox = Arc::new(Inbox::new());
        let workers: Vec<_> = (0..2)
            .map(|_| {
                let ticket = pull(&gate).expect("there is room for two");
                let (gate, inbox) = (Arc::clone(&gate), Arc::clone(&inbox));
                spawn(move || deliver(&gate, &inbox, ticket))
            })
            .collect();
        gate.drain();
        let mut intake = Intake::new(Order::Ordered);
        let line: Vec<_> =
            std::iter::from_fn(|| intake.next(&gate, &inbox)).flat_map(|done| done.outputs).collect();
        assert_eq!(line, [0, 1]);
        join(workers);
    });
}

#[test]
fn a_consumer_that_has_waited_asks_for_what_is_being_pulled() {
    explore(|| {
        let options = Options::new().window(4);
        let gate = Gate::new(Order::Ordered, Pace::new(&options, 1, 1, 1), None);
        gate.enter(1, false);
        let (gate, inbox) = (Arc::new(gate), Arc::new(Inbox::new()));
        let begun = now();
        let worker = spawn({
            let (gate, inbox) = (Arc::clone(&gate), Arc::clone(&inbox));
            move || {
                let budget = claim(&gate).expect("there is room");
                while !gate.wants_what_is_pulled() {
                    thread::yield_now();
                }
                assert!(now() - begun >= Duration::from_millis(1), "it has been patient");
                let ticket = gate.pulled(budget, 1, true, false).expect("there is an item");
                deliver(&gate, &inbox, ticket);
                assert!(!gate.wants_what_is_pulled(), "it was asked for once");
            }
        });
        let mut intake = Intake::new(Order::Ordered);
        assert_eq!(intake.next(&gate, &inbox).expect("it was pulled").outputs, [0]);
        worker.join().expect("nobody panics");
    });
}

#[test]
fn a_consumer_asks_for_what_is_being_pulled_though_another_chunk_is_still_in_work() {
    explore(|| {
        let gate = Gate::new(Order::Unordered, Pace::new(&Options::new().window(4), 1, 1, 1), None);
        gate.enter(2, false);
        let (gate, inbox) = (Arc::new(gate), Arc::new(Inbox::new()));
        let in_work = pull(&gate).expect("there is room");
        let worker = spawn({
            let (gate, inbox) = (Arc::clone(&gate), Arc::clone(&inbox));
            move || {
                let budget = claim(&gate).expect("there is room");
                while !gate.wants_what_is_pulled() {
                    thread::yield_now();
                }
                let ticket = gate.pulled(budget, 1, true, false).expect("there is an item");
                deliver(&gate, &inbox, ticket);
            }
        });
        let mut intake = Intake::new(Order::Unordered);
        assert_eq!(intake.next(&gate, &inbox).expect("it was pulled").outputs, [1]);
        deliver(&gate, &inbox, in_work);
        assert_eq!(intake.next(&gate, &inbox).expect("it was pulled").outputs, [0]);
        worker.join().expect("nobody panics");
    });
}

/// Has the consumer wait for the first chunk of an ordered run, and beyond its patience, while `batch`
/// items are pulled: nobody asks for them.
fn pull_unasked(batch: usize, in_work: Option<Ticket>, gate: Gate) {
    gate.enter(1, false);
    let (gate, inbox) = (Arc::new(gate), Arc::new(Inbox::new()));
    let begun = now();
    let worker = spawn({
        let (gate, inbox) = (Arc::clone(&gate), Arc::clone(&inbox));
        move || {
            assert_eq!(claim(&gate), Some(batch));
            while now() - begun < Duration::from_millis(1) {
                thread::yield_now();
            }
            (0..10).for_each(|_| thread::yield_now());
            assert!(!gate.wants_what_is_pulled(), "it would not help the consumer");
            let pulled = gate.pulled(batch, batch, true, false).expect("there are items");
            deliver(&gate, &inbox, in_work.unwrap_or(pulled));
        }
    });
    let mut intake = Intake::new(Order::Ordered);
    assert_eq!(intake.next(&gate, &inbox).expect("it was pulled").outputs, [0]);
    worker.join().expect("nobody panics");
}

#[test]
fn a_consumer_does_not_ask_for_what_would_not_help() {
    let ordered = |batch| {
        let options = Options::new().window(4);
        Gate::new(Order::Ordered, Pace::new(&options, 1, batch, 1), None)
    };
    explore(move || pull_unasked(2, None, ordered(2)));
    explore(move || {
        let gate = ordered(1);
        let first = pull(&gate).expect("there is room");
        pull_unasked(1, Some(first), gate);
    });
}

#[test]
fn a_run_outlives_a_worker_that_dies_with_a_chunk() {
    explore_all(|| {
        let gate = gate(Order::Ordered, 1, 1);
        let worker = spawn({
            let gate = Arc::clone(&gate);
            move || {
                let _leaving = gate.presence(None);
                pull(&gate);
                begin_to_die();
            }
        });
        assert!(!gate.await_delivery(0, 0), "nothing will be delivered");
        worker.join().expect("it only seems to die");
    });
    explore(|| {
        let gate = gate(Order::Ordered, 2, 2);
        claim(&gate).expect("there is room");
        let dying = spawn({
            let gate = Arc::clone(&gate);
            move || {
                let _leaving = gate.presence(None);
                begin_to_die();
            }
        });
        let other = spawn({
            let gate = Arc::clone(&gate);
            move || {
                let _leaving = gate.presence(None);
                assert!(claim(&gate).is_none(), "nobody else can pull");
            }
        });
        assert!(gate.await_rest(None));
        dying.join().expect("it only seems to die");
        other.join().expect("nobody panics");
    });
}

#[test]
fn the_workers_have_left_when_rest_has_been_awaited() {
    explore_all(|| {
        let gate = gate(Order::Ordered, 1, 2);
        let left = Arc::new(AtomicUsize::new(0));
        let workers: Vec<_> = (0..2)
            .map(|_| {
                let (gate, left) = (Arc::clone(&gate), Arc::clone(&left));
                spawn(move || {
                    let _leaving = gate.presence(None);
                    left.fetch_add(1, Ordering::SeqCst);
                })
            })
            .collect();
        assert!(gate.await_rest(None));
        assert_eq!(left.load(Ordering::SeqCst), 2);
        join(workers);
    });
}

#[test]
fn of_two_failures_the_lower_one_cuts_off() {
    explore_all(|| {
        let gate = gate(Order::Ordered, 4, 2);
        let other = spawn({
            let gate = Arc::clone(&gate);
            move || gate.fail_at(1)
        });
        gate.fail_at(2);
        other.join().expect("nobody panics");
        assert!(!gate.is_cut_off(0) && gate.is_cut_off(1));
        assert!(pull(&gate).is_none());
    });
}

#[test]
fn buffers_come_back_empty_and_chunks_come_out_once() {
    explore(|| {
        let gate = gate(Order::Unordered, 2, 2);
        let inbox = Arc::new(Inbox::new());
        let tickets = [pull(&gate).expect("there is room"), pull(&gate).expect("there is room")];
        let workers = tickets.map(|ticket| {
            let (gate, inbox) = (Arc::clone(&gate), Arc::clone(&inbox));
            spawn(move || {
                assert!(inbox.buffer().is_empty());
                deliver(&gate, &inbox, ticket);
            })
        });
        gate.drain();
        let (mut seen, mut arrived) = (Vec::new(), Vec::new());
        while gate.await_delivery(u64::try_from(seen.len()).expect("two at the most"), 0) {
            inbox.take(&mut arrived);
            for mut done in arrived.drain(..) {
                seen.append(&mut done.outputs);
                inbox.recycle(done.outputs);
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, [0, 1]);
        join(workers);
    });
}
