//! Devices of unlike speed share one input by their speed, also where the order has the fast ones wait for the slow.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use easycore::Device;
use easycore_tests::{JobRunner, Plan, assert_accounts, lock, watched};

const ITEMS: usize = 300;
/// What the fast device gets done while the slow one has an item: more than the window holds for two workers that are alike.
const AHEAD: usize = 12;

fn shared_by_speed<const ORDERED: bool>() {
    watched(format!("ordered: {ORDERED}"), || {
        let (done, is_done) = mpsc::channel();
        let is_done = Mutex::new(is_done);
        let slow_items = AtomicUsize::new(0);
        let plan = Plan::new(move |seat, item: usize| {
            if *seat.worker.device() == Device::Cuda(0) {
                thread::sleep(Duration::from_millis(5));
                done.send(()).expect("the plan has both ends");
                return Ok(item);
            }
            match slow_items.fetch_add(1, Ordering::SeqCst) {
                // A hundred times as long.
                0 => thread::sleep(Duration::from_millis(500)),
                1 => {
                    let is_done = lock(&is_done);
                    while is_done.try_recv().is_ok() {}
                    for _ in 0..AHEAD {
                        is_done.recv().expect("the plan has both ends");
                    }
                }
                _ => {}
            }
            Ok(item)
        });
        let mut runner = JobRunner::<_, _, ORDERED>::new(["cpu", "cuda:0"], plan);
        let mut outputs = runner.run(0..ITEMS).expect("nothing fails");
        outputs.sort_unstable();
        assert!(outputs.into_iter().eq(0..ITEMS));
        assert_accounts(runner.report());
    });
}

#[test]
fn a_fast_device_goes_on_while_a_slow_one_has_an_item() {
    shared_by_speed::<false>();
    shared_by_speed::<true>();
}
