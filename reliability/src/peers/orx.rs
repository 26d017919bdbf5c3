//! orx-parallel: an iterator in parallel, which stops at the first error.

use std::sync::Mutex;

use orx_parallel::{IterIntoParIter as _, Par as _, ParUse as _, ParUseResult as _};

use super::Peer;
use crate::scene::WORKERS;

pub(super) const ITER: Peer = Peer {
    name: "orx-parallel",
    library: "orx-parallel",
    usage: "`iter_into_par`, `use_new`, `into_fallible`, with the consumer in a mutex",
    takes_endless: true,
    is_ordered: false,
    open: |scene| {
        Box::new(move || {
            let consumer = Mutex::new(scene);
            let items = scene.input().iter_into_par().num_threads(WORKERS);
            let consumed = items.use_new(|_| scene.seat()).map(|seat, item| {
                let output = scene.work(seat, item).map_err(|error| Some(error.to_string()))?;
                let consumer = consumer.lock().expect("the consumer has not panicked");
                if consumer.consume(output).is_break() { Err(None) } else { Ok(()) }
            });
            match consumed.into_fallible().for_each(|_, ()| {}) {
                Err(Some(error)) => Err(error),
                Err(None) | Ok(()) => Ok(()),
            }
        })
    },
};
