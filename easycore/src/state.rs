//! The state of a worker: made, used and ended on the worker's own thread, and kept there between runs, so that it need not be
//! `Send`.

use std::any::Any;
use std::cell::RefCell;

use crate::error::{Error, ErrorKind};
use crate::hooks::Hooks;
use crate::panic::{drop_quietly, guard};
use crate::worker::Worker;

thread_local! {
    /// What a worker keeps between runs. A worker thread belongs to one runner, so there is one.
    static PLACE: RefCell<Place> = const { RefCell::new(Place::In(None)) };
}

enum Place {
    In(Option<Box<dyn Any>>),
    /// Taken.
    Out,
    /// Taken, and not to be put back.
    OutForGood,
}

impl Default for Place {
    fn default() -> Self {
        Self::In(None)
    }
}

struct Kept<S> {
    /// `None` before the first and after a panic.
    state: Option<S>,
    /// What went wrong when an earlier state was ended, for `close` to tell.
    end_error: Option<Error>,
}

/// A worker's state, taken from its thread until it is put back.
pub(crate) struct Warm<'a, H: Hooks> {
    worker: &'a Worker,
    config: &'a H::Config,
    kept: Kept<H::ProducerState>,
}

impl<'a, H: Hooks> Warm<'a, H> {
    pub(crate) fn take(worker: &'a Worker, config: &'a H::Config) -> Self {
        let kept = match PLACE.replace(Place::Out) {
            Place::In(kept) => kept.and_then(|kept| kept.downcast().ok()),
            Place::Out | Place::OutForGood => None,
        };
        let kept = kept.map_or(Kept { state: None, end_error: None }, |kept| *kept);
        Self { worker, config, kept }
    }

    pub(crate) fn put_back(self) {
        if matches!(PLACE.take(), Place::OutForGood) {
            drop_quietly(self.close());
        } else {
            PLACE.set(Place::In(Some(Box::new(self.kept))));
        }
    }

    /// Ends the calling worker's state for good, and tells what went wrong with it or with an earlier one.
    ///
    /// A hook that uses rayon may have its thread run this in the middle of the hook: such a state is ended when the hook
    /// has returned.
    pub(crate) fn end_for_good(worker: &'a Worker, config: &'a H::Config) -> Result<(), Error> {
        let is_out = PLACE.with_borrow_mut(|place| {
            let is_out = !matches!(place, Place::In(_));
            if is_out {
                *place = Place::OutForGood;
            }
            is_out
        });
        if is_out {
            return Ok(());
        }
        let closed = Self::take(worker, config).close();
        PLACE.take();
        closed
    }

    /// The state, made now if there is none.
    pub(crate) fn ready(&mut self) -> Result<&mut H::ProducerState, Error> {
        let state = match self.kept.state.take() {
            Some(state) => state,
            None => guard(|| H::producer_init(self.worker, self.config)).map_err(|cause| {
                Error::in_hook(ErrorKind::Init, "producer_init", cause).of_worker(self.worker)
            })?,
        };
        Ok(self.kept.state.insert(state))
    }

    /// Ends the state, if there is one. If that fails it is kept for [`close`](Self::close), the first one if several do.
    pub(crate) fn end(&mut self) {
        let Some(state) = self.kept.state.take() else { return };
        if let Err(cause) = guard(|| H::producer_end(self.config, state)) {
            let error = Error::in_hook(ErrorKind::End, "producer_end", cause).of_worker(self.worker);
            if self.kept.end_error.is_none() {
                self.kept.end_error = Some(error);
            } else {
                drop_quietly(error);
            }
        }
    }

    fn close(mut self) -> Result<(), Error> {
        self.end();
        self.kept.end_error.map_or(Ok(()), Err)
    }
}
