//! tokio: a stream of blocking tasks, so many at once.

use std::sync::{Arc, Mutex};

use futures::{StreamExt as _, stream};
use tokio::runtime::Builder;
use tokio::task::spawn_blocking;

use super::Peer;
use crate::scene::{Scene, Seat, WORKERS};

/// Tasks that are begun or done ahead of the consumer.
const AHEAD: usize = 4 * WORKERS;

pub(super) const BUFFERED: Peer = Peer {
    name: "tokio",
    library: "tokio",
    usage: "`spawn_blocking` and `buffered`, the states in a shared list, a runtime of its own",
    takes_endless: true,
    is_ordered: true,
    open: |scene| {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(WORKERS)
            .build()
            .expect("the system gives a few threads");
        let seats = Arc::new(Seats::default());
        Box::new(move || {
            runtime.block_on(async {
                let tasks = stream::iter(scene.input()).map(|item| {
                    let seats = Arc::clone(&seats);
                    spawn_blocking(move || seats.work(scene, item))
                });
                let mut outputs = tasks.buffered(AHEAD);
                while let Some(output) = outputs.next().await {
                    let output = output.map_err(|error| error.to_string())?;
                    if scene.consume(output.map_err(|error| error.to_string())?).is_break() {
                        break;
                    }
                }
                Ok(())
            })
        })
    },
};

/// States that no task is using.
#[derive(Default)]
struct Seats(Mutex<Vec<Seat>>);

impl Seats {
    fn work(&self, scene: &'static Scene, item: usize) -> Result<usize, crate::scene::Refused> {
        let free = self.0.lock().expect("no task panics here").pop();
        let mut seat = free.unwrap_or_else(|| scene.seat());
        let output = scene.work(&mut seat, item);
        self.0.lock().expect("no task panics here").push(seat);
        output
    }
}
