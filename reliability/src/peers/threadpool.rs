//! threadpool: a job for each item, and a channel for the outputs, as in the crate's first example.

use std::cell::RefCell;
use std::sync::mpsc::channel;

use threadpool::ThreadPool;

use super::{Peer, consume};
use crate::scene::{Seat, WORKERS};

thread_local! {
    static SEAT: RefCell<Option<Seat>> = const { RefCell::new(None) };
}

pub(super) const EXECUTE: Peer = Peer {
    name: "threadpool",
    library: "threadpool",
    usage: "`execute` for each item, a channel, `iter().take(n)`, the states in thread-locals",
    takes_endless: false,
    is_ordered: false,
    open: |scene| {
        let pool = ThreadPool::new(WORKERS);
        Box::new(move || {
            let (deliver, delivered) = channel();
            for item in scene.input() {
                let deliver = deliver.clone();
                pool.execute(move || {
                    let output = SEAT
                        .with_borrow_mut(|seat| scene.work(seat.get_or_insert_with(|| scene.seat()), item));
                    deliver.send(output).expect("the receiver waits for all outputs");
                });
            }
            consume(scene, delivered.iter().take(scene.count()))
        })
    },
};
