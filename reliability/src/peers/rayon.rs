//! rayon: work that is consumed where it is done, work that is collected first, and an iterator that is bridged.

use std::sync::Mutex;

use rayon::iter::{IntoParallelIterator, ParallelBridge, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{Peer, consume};
use crate::scene::{Refused, Scene, WORKERS};

pub(super) const PAR_ITER: Peer = Peer {
    name: "rayon `par_iter`",
    library: "rayon",
    usage: "`par_iter`, `map_init`, `try_for_each` with the consumer in a mutex, in a pool of its own",
    takes_endless: true,
    is_ordered: false,
    open: |scene| {
        let pool = pool();
        Box::new(move || {
            let items = (0..scene.count()).into_par_iter().map(|item| scene.pull(item));
            pool.install(|| consume_in_place(scene, items))
        })
    },
};

pub(super) const COLLECT: Peer = Peer {
    name: "rayon `collect`",
    usage: "`par_iter`, `map_init`, `collect` into a `Result<Vec<_>, _>`, then a loop",
    takes_endless: false,
    is_ordered: true,
    open: |scene| {
        let pool = pool();
        Box::new(move || {
            let items = (0..scene.count()).into_par_iter().map(|item| scene.pull(item));
            let worked = items.map_init(|| scene.seat(), |seat, item| scene.work(seat, item));
            let outputs: Result<Vec<usize>, Refused> = pool.install(|| worked.collect());
            let outputs = outputs.map_err(|error| error.to_string())?;
            consume(scene, outputs.into_iter().map(Ok::<usize, Refused>))
        })
    },
    ..PAR_ITER
};

pub(super) const PAR_BRIDGE: Peer = Peer {
    name: "rayon `par_bridge`",
    usage: "`par_bridge`, `map_init`, `try_for_each` with the consumer in a mutex, in a pool of its own",
    open: |scene| {
        let pool = pool();
        Box::new(move || pool.install(|| consume_in_place(scene, scene.input().par_bridge())))
    },
    ..PAR_ITER
};

fn pool() -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(WORKERS).build().expect("the system gives a few threads")
}

fn consume_in_place(scene: &'static Scene, items: impl ParallelIterator<Item = usize>) -> Result<(), String> {
    let consumer = Mutex::new(scene);
    let worked = items.map_init(|| scene.seat(), |seat, item| scene.work(seat, item));
    let ended = worked.try_for_each(|output| {
        let output = output.map_err(|error| Some(error.to_string()))?;
        let consumer = consumer.lock().expect("the consumer has not panicked");
        if consumer.consume(output).is_break() { Err(None) } else { Ok(()) }
    });
    match ended {
        Err(Some(error)) => Err(error),
        Err(None) | Ok(()) => Ok(()),
    }
}
