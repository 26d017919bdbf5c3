//! Workers that sleep while the consumer is behind, and are woken when that pays: automatic windows.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use shuttle::thread;

use crate::explore::explore;
use crate::gate::{Claim, Gate, Waits};
use crate::hooks::Order;
use crate::options::{Chunk, Options};
use crate::pace::Pace;

/// What an item takes: so long that the window holds no more chunks than `queue_scale` asks for.
const WORK: Duration = Duration::from_millis(50);

/// Sends workers through so many items, with a window of `queue_scale` items for each of them; how many were delivered, and
/// pulled.
fn run(order: Order, workers: usize, queue_scale: f64, items: usize, meddle: fn(&Gate)) -> (u64, usize) {
    let options = Options::new().queue_scale(queue_scale).chunk(Chunk::Exactly(1));
    let gate = Gate::new(order, Pace::new(&options, workers, 1, 1), None);
    gate.enter(workers, false);
    let pulled = AtomicUsize::new(0);
    let mut seen = 0;
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let _leaving = gate.presence(None);
                while let Some(Claim::Pull(budget)) = gate.claim(0, &mut Waits::default(), || true) {
                    let next = pulled.fetch_add(1, Ordering::SeqCst) + 1;
                    let count = usize::from(next <= items);
                    if let Some(ticket) = gate.pulled(budget, count, next < items, false) {
                        gate.delivered(ticket, 0, 1, WORK);
                    }
                }
            });
        }
        scope.spawn(|| meddle(&gate));
        while gate.await_delivery(seen, seen) {
            seen += 1;
            gate.give_back(1);
        }
    });
    (seen, gate.pulled_so_far())
}

#[test]
fn workers_that_are_left_asleep_are_not_needed() {
    for queue_scale in [0.5, 1.0, 4.0] {
        explore(move || {
            assert_eq!(run(Order::Unordered, 3, queue_scale, 7, |_| ()), (7, 7));
        });
        explore(move || {
            assert_eq!(run(Order::Unordered, 2, queue_scale, 7, |_| ()), (7, 7));
        });
    }
}

#[test]
fn workers_that_are_asleep_go_home_when_the_run_ends() {
    for end in [Gate::stop, Gate::drain, Gate::cancel] {
        explore(move || {
            let (seen, pulled) = run(Order::Unordered, 3, 2.0, 9, end);
            assert_eq!(seen, pulled as u64, "everything that was pulled is delivered");
        });
    }
}
