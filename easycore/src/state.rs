//! The state of a worker: made, used and ended on the worker's own thread, and kept there between runs, so that it need not be
//! `Send`.

use std::any::Any;
use std::cell::RefCell;
use std::mem;

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

#[derive(Debug)]
struct Kept<S> {
    /// `None` before the first, after a panic, and when it is to be made anew.
    state: Option<S>,
    /// How many items have been worked with it.
    worked: usize,
    /// What went wrong when an earlier state was ended, for `close` to tell.
    end_error: Option<Error>,
}

impl<S> Default for Kept<S> {
    fn default() -> Self {
        Self { state: None, worked: 0, end_error: None }
    }
}

/// A worker's state, taken from its thread until it is put back. One that is not put back is ended.
pub(crate) struct Warm<'a, H: Hooks> {
    worker: &'a Worker,
    config: &'a H::Config,
    kept: Kept<H::ProducerState>,
    /// Whether the last state saw a panic since this was taken: a new run tries again.
    broke: bool,
}

impl<'a, H: Hooks> Warm<'a, H> {
    pub(crate) fn take(worker: &'a Worker, config: &'a H::Config) -> Self {
        let kept = match PLACE.replace(Place::Out) {
            Place::In(kept) => kept.and_then(|kept| kept.downcast().ok()),
            Place::Out | Place::OutForGood => None,
        };
        Self { worker, config, kept: kept.map(|kept| *kept).unwrap_or_default(), broke: false }
    }

    pub(crate) fn put_back(mut self) {
        if matches!(PLACE.take(), Place::OutForGood) {
            drop_quietly(self.close());
        } else {
            PLACE.set(Place::In(Some(Box::new(mem::take(&mut self.kept)))));
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

    /// Makes the state if there is none, for which `leave` is asked after a panic.
    pub(crate) fn ready(&mut self, leave: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        if self.kept.state.is_none() {
            self.kept.state = Some(self.make(leave)?);
        }
        Ok(())
    }

    /// The state, which has been made [`ready`](Self::ready).
    pub(crate) fn state(&mut self) -> &mut H::ProducerState {
        self.kept.state.as_mut().expect("it is made before it is worked with")
    }

    fn make(&mut self, leave: impl FnOnce() -> Result<(), Error>) -> Result<H::ProducerState, Error> {
        if self.broke && !H::STATELESS {
            leave()?;
        }
        (self.kept.worked, self.broke) = (0, false);
        guard(|| H::producer_init(self.worker, self.config))
            .map_err(|cause| Error::in_hook(ErrorKind::Init, "producer_init", cause).of_worker(self.worker))
    }

    /// How many more items may be worked with the state, if it serves for so many; at least one, because one that has served
    /// its time is ended now.
    pub(crate) fn allowance(&mut self, recycle_after: Option<usize>) -> usize {
        let Some(serves) = recycle_after else { return usize::MAX };
        if self.kept.worked >= serves {
            self.end();
            self.kept.worked = 0;
        }
        serves - self.kept.worked
    }

    /// Counts items that have been worked with the state.
    pub(crate) fn worked(&mut self, items: usize) {
        self.kept.worked += items;
    }

    /// Ends a state that saw a panic: it may be broken in any way.
    pub(crate) fn end_broken(&mut self) {
        self.broke = true;
        self.end();
    }

    /// Ends the state, if there is one. If that fails it is kept for [`close`](Self::close), the first one if several do.
    fn end(&mut self) {
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
        self.kept.end_error.take().map_or(Ok(()), Err)
    }
}

impl<H: Hooks> Drop for Warm<'_, H> {
    /// Whatever kept it from being put back, it has been made and is to be ended.
    fn drop(&mut self) {
        self.end();
        drop_quietly(self.kept.end_error.take());
    }
}
