//! Chunks that a worker hands over because its device was given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use shuttle::thread;

use crate::explore::explore;
use crate::gate::{Claim, Gate, Ticket, Waits};
use crate::hooks::Order;
use crate::options::{Chunk, Options};
use crate::pace::Pace;
use crate::sync::{Mutex, begin_to_die};

const NO_TIME: Duration = Duration::ZERO;

/// A gate for so many workers, who pull chunks of one item and may have to adopt each other's.
fn gate(order: Order, window: usize, workers: usize) -> Gate {
    let options = Options::new().window(window).chunk(Chunk::Exactly(1));
    let gate = Gate::new(order, Pace::new(&options, workers, 1, 1), None);
    gate.enter(workers, true);
    gate
}

/// Chunks that were handed over and not adopted.
type Waiting = Mutex<Vec<Ticket>>;

/// Works `items` items, from the first claim to the last, and counts each chunk that it delivers. A worker that breaks hands over
/// its first chunk and leaves.
fn work(gate: &Gate, waiting: &Waiting, pulled: &AtomicUsize, items: usize, breaks: bool) {
    let _leaving = gate.presence(None);
    while let Some(claim) = gate.claim(0, &mut Waits::default(), || true) {
        let ticket = match claim {
            Claim::Pull(budget) => {
                let next = pulled.load(Ordering::SeqCst);
                pulled.store(next + usize::from(next < items), Ordering::SeqCst);
                gate.pulled(budget, usize::from(next < items), next + 1 < items, false)
            }
            Claim::Adopt => waiting.lock().pop(),
        };
        let Some(ticket) = ticket else { continue };
        if breaks {
            let mut waiting = waiting.lock();
            waiting.push(ticket);
            gate.handed_over();
            return;
        }
        gate.delivered(ticket, 1, NO_TIME);
    }
}

/// Runs workers of which some break, and takes everything that is delivered; returns how much that was.
fn run(order: Order, window: usize, breaks: &[bool], items: usize, meddle: fn(&Gate)) -> (u64, usize) {
    let gate = gate(order, window, breaks.len());
    let (waiting, pulled) = (Arc::new(Waiting::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
    let mut seen = 0;
    thread::scope(|scope| {
        for &breaks in breaks {
            let (gate, waiting, pulled) = (&gate, &waiting, &pulled);
            scope.spawn(move || work(gate, waiting, pulled, items, breaks));
        }
        scope.spawn(|| meddle(&gate));
        // What the consumer waits for, in ordered mode, is not told apart here: any delivery gives its slot back.
        while gate.await_delivery(seen, seen) {
            seen += 1;
            gate.give_back(1);
        }
    });
    assert!(waiting.lock().is_empty(), "somebody adopts what was handed over");
    (seen, gate.pulled_so_far())
}

#[test]
fn what_is_handed_over_is_delivered_by_another() {
    explore(|| {
        assert_eq!(run(Order::Unordered, 4, &[true, false], 3, |_| ()), (3, 3));
    });
}

#[test]
fn a_worker_with_nothing_to_do_stays_for_what_may_be_handed_over() {
    explore(|| {
        // The only item may be the one that is handed over, when the other worker has found the input exhausted.
        assert_eq!(run(Order::Unordered, 1, &[true, false], 1, |_| ()), (1, 1));
    });
}

#[test]
fn what_two_workers_hand_over_is_delivered_by_the_third() {
    explore(|| {
        assert_eq!(run(Order::Unordered, 2, &[true, true, false], 3, |_| ()), (3, 3));
    });
}

#[test]
fn a_run_that_is_stopped_delivers_what_was_handed_over() {
    explore(|| {
        let (seen, pulled) = run(Order::Unordered, 2, &[true, false], 5, Gate::stop);
        assert_eq!(seen, pulled as u64);
    });
}

#[test]
fn a_run_that_is_drained_or_cancelled_delivers_what_was_handed_over() {
    explore(|| {
        let (seen, pulled) = run(Order::Unordered, 2, &[true, false], 5, Gate::drain);
        assert_eq!(seen, pulled as u64);
    });
    explore(|| {
        let (seen, pulled) = run(Order::Unordered, 2, &[false, true], 5, Gate::cancel);
        assert_eq!(seen, pulled as u64);
    });
}

#[test]
fn nobody_stays_for_a_worker_that_dies() {
    explore(|| {
        // The other's item is the last.
        let gate = Arc::new(gate(Order::Unordered, 2, 2));
        let workers = [true, false].map(|dies| {
            let gate = Arc::clone(&gate);
            thread::spawn(move || {
                let _leaving = gate.presence(None);
                while let Some(Claim::Pull(budget)) = gate.claim(0, &mut Waits::default(), || true) {
                    let ticket = gate.pulled(budget, 1, dies, false).expect("there is an item");
                    if dies {
                        begin_to_die();
                        return;
                    }
                    gate.delivered(ticket, 1, NO_TIME);
                }
            })
        });
        assert!(gate.await_rest(None));
        for worker in workers {
            worker.join().expect("it returns");
        }
    });
}
