//! Chunks that a worker hands over because its device was given up.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use shuttle::thread;

use crate::explore::explore;
use crate::feed::Feed;
use crate::gate::{Claim, Gate, Ticket, Waits};
use crate::hooks::Order;
use crate::options::{Chunk, Options};
use crate::pace::Pace;
use crate::sync::{Condvar, Mutex, begin_to_die};

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Device {
    Sound,
    /// Is given up at the first chunk that one of its workers works.
    Broken,
}
use Device::{Broken, Sound};

/// What the workers share.
struct Shared {
    gate: Gate,
    waiting: Waiting,
    pulled: AtomicUsize,
    /// Whether the broken device was given up.
    is_lost: AtomicBool,
}

/// Works `items` items, from the first claim to the last. A worker of the broken device hands over its chunk and leaves, and so do
/// those that have none.
fn work(shared: &Shared, items: usize, device: Device) {
    let Shared { gate, waiting, pulled, is_lost } = shared;
    let _leaving = gate.presence(None);
    let counts = || device == Sound || !is_lost.load(Ordering::SeqCst);
    while let Some(claim) = gate.claim(0, &mut Waits::default(), counts) {
        assert!(counts() || matches!(claim, Claim::Pull(_)), "nobody adopts for a device that was given up");
        let ticket = match claim {
            Claim::Pull(budget) => {
                let next = pulled.load(Ordering::SeqCst);
                pulled.store(next + usize::from(next < items), Ordering::SeqCst);
                gate.pulled(budget, usize::from(next < items), next + 1 < items, false)
            }
            Claim::Adopt => waiting.lock().pop(),
        };
        let Some(ticket) = ticket else { continue };
        if device == Broken {
            is_lost.store(true, Ordering::SeqCst);
            let mut waiting = waiting.lock();
            waiting.push(ticket);
            gate.handed_over();
            return;
        }
        gate.delivered(ticket, 0, 1, NO_TIME);
    }
}

/// Runs a worker on each of these devices, and takes everything that is delivered; returns how much that was, and how much was
/// pulled.
fn run(order: Order, window: usize, devices: &[Device], items: usize, meddle: fn(&Gate)) -> (u64, usize) {
    let shared = Shared {
        gate: gate(order, window, devices.len()),
        waiting: Waiting::new(Vec::new()),
        pulled: AtomicUsize::new(0),
        is_lost: AtomicBool::new(false),
    };
    let gate = &shared.gate;
    let mut seen = 0;
    thread::scope(|scope| {
        for &device in devices {
            let shared = &shared;
            scope.spawn(move || work(shared, items, device));
        }
        scope.spawn(|| meddle(gate));
        // What the consumer waits for, in ordered mode, is not told apart here: any delivery gives its slot back.
        while gate.await_delivery(seen, seen) {
            seen += 1;
            gate.give_back(1);
        }
    });
    assert!(shared.waiting.lock().is_empty(), "somebody adopts what was handed over");
    (seen, gate.pulled_so_far())
}

#[test]
fn what_is_handed_over_is_delivered_by_another() {
    explore(|| {
        assert_eq!(run(Order::Unordered, 4, &[Broken, Sound], 3, |_| ()), (3, 3));
    });
}

#[test]
fn a_worker_with_nothing_to_do_stays_for_what_may_be_handed_over() {
    explore(|| {
        // The only item may be the one that is handed over, when the other worker has found the input exhausted.
        assert_eq!(run(Order::Unordered, 1, &[Broken, Sound], 1, |_| ()), (1, 1));
    });
}

#[test]
fn what_two_workers_hand_over_is_delivered_by_the_third() {
    explore(|| {
        assert_eq!(run(Order::Unordered, 2, &[Broken, Broken, Sound], 3, |_| ()), (3, 3));
    });
}

#[test]
fn what_a_worker_hands_over_is_adopted_by_none_of_the_same_device_that_waits_for_something_to_do() {
    explore(|| {
        // With one item in flight at a time, two of the workers wait.
        assert_eq!(run(Order::Unordered, 1, &[Broken, Broken, Sound], 2, |_| ()), (2, 2));
    });
}

#[test]
fn a_worker_of_a_lost_device_passes_on_what_it_was_woken_for() {
    explore(|| {
        let gate = gate(Order::Unordered, 2, 3);
        let (waiting, is_lost) = (Waiting::new(Vec::new()), AtomicBool::new(false));
        let (is_out, heard) = (Mutex::new(false), Condvar::default());
        let work = |device| {
            let _leaving = gate.presence(None);
            let counts = || device == Sound || !is_lost.load(Ordering::SeqCst);
            while let Some(claim) = gate.claim(0, &mut Waits::default(), counts) {
                let ticket = match claim {
                    Claim::Pull(budget) => gate.pulled(budget, 1, gate.pulled_so_far() == 0, false),
                    Claim::Adopt => waiting.lock().pop(),
                };
                let Some(ticket) = ticket else { continue };
                if device == Broken {
                    // What is left of the chunk is long in coming out of the input.
                    if !is_lost.swap(true, Ordering::SeqCst) {
                        let mut out = is_out.lock();
                        while !*out {
                            out = heard.wait(out);
                        }
                    }
                    let mut waiting = waiting.lock();
                    waiting.push(ticket);
                    return gate.handed_over();
                }
                *is_out.lock() = true;
                heard.notify_all();
                gate.delivered(ticket, 0, 1, NO_TIME);
            }
        };
        thread::scope(|scope| {
            for device in [Broken, Broken, Sound] {
                scope.spawn(move || work(device));
            }
            let mut seen = 0;
            while gate.await_delivery(seen, seen) {
                seen += 1;
                gate.give_back(1);
            }
            assert_eq!(seen, 2);
        });
    });
}

/// A batch of one item waits for its delay while the worker that minded it adopts a chunk, and stays with that until the batch
/// has gone out.
#[test]
fn a_batch_goes_out_after_its_delay_though_whoever_minded_it_has_adopted_a_chunk() {
    explore(|| {
        let options = Options::new().window(8).chunk(Chunk::Exactly(2));
        let feed = Feed::new(2, Duration::from_millis(5));
        let gate = Gate::new(Order::Unordered, Pace::new(&options, 3, 2, 1), Some(feed));
        gate.enter(4, true);
        let (waiting, is_broken) = (Waiting::new(Vec::new()), Mutex::new(false));
        let (both_are_out, heard) = (Mutex::new(false), Condvar::default());
        let wait_for_both = || {
            let mut out = both_are_out.lock();
            while !*out {
                out = heard.wait(out);
            }
        };
        let work = || {
            let _leaving = gate.presence(None);
            while let Some(claim) = gate.claim(0, &mut Waits::default(), || true) {
                let ticket = match claim {
                    Claim::Pull(budget) => {
                        let Some(ticket) = gate.pulled(budget, budget, true, false) else { continue };
                        if ticket.first == 0 && !mem::replace(&mut *is_broken.lock(), true) {
                            waiting.lock().push(ticket);
                            return gate.handed_over();
                        }
                        ticket
                    }
                    Claim::Adopt => {
                        let ticket = waiting.lock().pop().expect("it was handed over");
                        if ticket.items == 1 {
                            wait_for_both();
                        }
                        ticket
                    }
                };
                if ticket.first + ticket.items == 2 {
                    *both_are_out.lock() = true;
                    heard.notify_all();
                }
                gate.delivered(ticket, 0, ticket.items, NO_TIME);
            }
        };
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(work);
            }
            scope.spawn(|| {
                let _leaving = gate.presence(None);
                for _ in 0..2 {
                    assert!(gate.reserve());
                    gate.arrived();
                }
                // The input keeps everybody waiting for a third item, and then has none.
                assert!(gate.reserve());
                wait_for_both();
                gate.give_back(1);
                gate.end_feed();
            });
            let mut seen = 0;
            while gate.await_delivery(seen, seen) {
                seen += 1;
                gate.give_back(0);
            }
        });
    });
}

#[test]
fn a_run_that_is_stopped_delivers_what_was_handed_over() {
    explore(|| {
        let (seen, pulled) = run(Order::Unordered, 2, &[Broken, Sound], 5, Gate::stop);
        assert_eq!(seen, pulled as u64);
    });
}

#[test]
fn a_run_that_is_drained_or_cancelled_delivers_what_was_handed_over() {
    explore(|| {
        let (seen, pulled) = run(Order::Unordered, 2, &[Broken, Sound], 5, Gate::drain);
        assert_eq!(seen, pulled as u64);
    });
    explore(|| {
        let (seen, pulled) = run(Order::Unordered, 2, &[Sound, Broken], 5, Gate::cancel);
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
                    gate.delivered(ticket, 0, 1, NO_TIME);
                }
            })
        });
        assert!(gate.await_rest(None));
        for worker in workers {
            worker.join().expect("it returns");
        }
    });
}
