//! A pipeline by hand: a feeder, two bounded channels, the workers in between, and the caller as the consumer. It is
//! written as in the Rust Cookbook's "Create a parallel pipeline", once with scoped threads and once without.

use std::thread;

use crossbeam_channel::bounded;

use super::{Peer, consume};
use crate::scene::WORKERS;

/// Items that each channel holds.
const CAPACITY: usize = 64;

pub(super) const SCOPED: Peer = Peer {
    name: "crossbeam, scoped",
    library: "crossbeam-channel",
    usage: "bounded channels, a feeder and workers in `thread::scope`",
    takes_endless: true,
    is_ordered: false,
    open: |scene| {
        Box::new(move || {
            let (to_workers, waiting) = bounded(CAPACITY);
            let (deliver, delivered) = bounded(CAPACITY);
            thread::scope(|scope| {
                scope.spawn(move || {
                    for item in scene.input() {
                        if to_workers.send(item).is_err() {
                            break;
                        }
                    }
                });
                for _ in 0..WORKERS {
                    let (waiting, deliver) = (waiting.clone(), deliver.clone());
                    scope.spawn(move || {
                        let mut seat = scene.seat();
                        for item in waiting {
                            if deliver.send(scene.work(&mut seat, item)).is_err() {
                                break;
                            }
                        }
                    });
                }
                drop((waiting, deliver));
                consume(scene, delivered.iter())
            })
        })
    },
};

pub(super) const DETACHED: Peer = Peer {
    name: "crossbeam, detached",
    usage: "the same with `thread::spawn`; nobody joins",
    open: |scene| {
        Box::new(move || {
            let (to_workers, waiting) = bounded(CAPACITY);
            let (deliver, delivered) = bounded(CAPACITY);
            thread::spawn(move || {
                for item in scene.input() {
                    if to_workers.send(item).is_err() {
                        break;
                    }
                }
            });
            for _ in 0..WORKERS {
                let (waiting, deliver) = (waiting.clone(), deliver.clone());
                thread::spawn(move || {
                    let mut seat = scene.seat();
                    for item in waiting {
                        if deliver.send(scene.work(&mut seat, item)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop((waiting, deliver));
            consume(scene, delivered.iter())
        })
    },
    ..SCOPED
};
