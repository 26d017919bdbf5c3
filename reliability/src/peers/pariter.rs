//! pariter: an iterator, mapped on threads of its own.

use pariter::IteratorExt as _;

use super::{Peer, consume};
use crate::scene::{Scene, Seat, WORKERS};

pub(super) const MAP: Peer = Peer {
    name: "pariter",
    library: "pariter",
    usage: "`parallel_map_custom`, the state in the closure that each thread clones",
    takes_endless: true,
    is_ordered: true,
    open: |scene| {
        Box::new(move || {
            let mut own = Own { scene, seat: None };
            let work = move |item| own.work(item);
            consume(scene, scene.input().parallel_map_custom(|options| options.threads(WORKERS), work))
        })
    },
};

/// A state that is made on its own thread, and not cloned.
struct Own {
    scene: &'static Scene,
    seat: Option<Seat>,
}

impl Clone for Own {
    fn clone(&self) -> Self {
        Self { scene: self.scene, seat: None }
    }
}

impl Own {
    fn work(&mut self, item: usize) -> Result<usize, crate::scene::Refused> {
        self.scene.work(self.seat.get_or_insert_with(|| self.scene.seat()), item)
    }
}
