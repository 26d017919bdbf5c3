//! From the opening of a run to its end: starting the workers, sending them off, consuming, and closing the accounts. It has no
//! loop of its own.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rayon::iter::plumbing::{Producer, ProducerCallback};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator};

use crate::batch::Batch;
use crate::consume::consume;
use crate::control::Progress;
use crate::devices::check_workers;
use crate::error::{Error, ErrorKind};
use crate::fed::Fed;
use crate::feed::Feed;
use crate::gate::{Gate, Watch};
use crate::hooks::{Hooks, Order};
use crate::iterated::{Input, Iterated};
use crate::ledger::{Ending, Ledger};
use crate::pace::Pace;
use crate::panic::{Quiet, drop_quietly, guard};
use crate::placement::{AtCaller, Placement};
use crate::pool::{Crew, no_thread};
use crate::report::Report;
use crate::runner::Runner;
use crate::session::Session;
use crate::shift;
use crate::source::Source;
use crate::split::Split;
use crate::stream::Stream;

impl<H: Hooks> Runner<H> {
    /// A run over an iterator, with a consumer state of its own.
    pub(crate) fn run_input<I, P>(&mut self, data: impl FnOnce() -> I) -> Result<H::Outcome, Error>
    where
        I: Input<Item = H::Item>,
        P: Placement<H>,
    {
        let data = Quiet::new(data);
        let progress = self.begin_run(Iterated::<I>::BUFFERED.max(P::BUFFERED), feed::<H>())?;
        let input = Quiet::new(open(data.into_inner())?);
        self.account(|runner, state| runner.fold_input::<_, P>(&progress, state, input.into_inner()))
    }

    /// A run over an iterator, into a consumer state of the caller's.
    pub(crate) fn run_input_into<I, P>(
        &mut self,
        state: &mut H::ConsumerState,
        data: impl FnOnce() -> I,
    ) -> Result<(), Error>
    where
        I: Input<Item = H::Item>,
        P: Placement<H>,
    {
        let data = Quiet::new(data);
        let progress = self.begin_run(Iterated::<I>::BUFFERED.max(P::BUFFERED), feed::<H>())?;
        let input = open(data.into_inner())?;
        self.fold_input::<_, P>(&progress, state, input)
    }

    fn fold_input<I, P>(
        &mut self,
        progress: &Progress,
        state: &mut H::ConsumerState,
        input: I,
    ) -> Result<(), Error>
    where
        I: Input<Item = H::Item>,
        P: Placement<H>,
    {
        if feed::<H>().is_some() {
            self.fold::<_, P>(progress, state, Fed::new(input))
        } else {
            self.fold::<_, P>(progress, state, Iterated::new(input))
        }
    }

    /// A run over input that can be split.
    pub(crate) fn run_split<I, P>(&mut self, data: I) -> Result<H::Outcome, Error>
    where
        I: IntoParallelIterator<Item = H::Item>,
        I::Iter: IndexedParallelIterator,
        P: Placement<H>,
    {
        let data = Quiet::new(data);
        let progress = self.begin_run(P::BUFFERED, None)?;
        let input = Quiet::new(open(|| data.into_inner().into_par_iter())?);
        let items = open(|| input.len())?;
        self.account(|runner, state| {
            let progress = &progress;
            input.into_inner().with_producer(FoldParts::<H, P> {
                runner,
                progress,
                state,
                items,
                placement: PhantomData,
            })
        })
    }

    /// Gives a run its own consumer state, and makes the outcome of it.
    fn account(
        &mut self,
        fold: impl FnOnce(&mut Self, &mut H::ConsumerState) -> Result<(), Error>,
    ) -> Result<H::Outcome, Error> {
        let state = H::consumer_init(&self.config);
        let mut state = Quiet::new(state.map_err(|error| Error::in_consumer("consumer_init", error))?);
        fold(self, &mut state)?;
        H::consumer_end(&self.config, state.into_inner())
            .map_err(|error| Error::in_consumer("consumer_end", error))
    }

    /// Opens a run: whatever becomes of it, the last run's report is gone.
    pub(crate) fn begin_run(&mut self, buffered: usize, feed: Option<Feed>) -> Result<Progress, Error> {
        let progress = self.begin(buffered, feed);
        self.report = Some(Report::default());
        progress
    }

    /// Starts the workers if need be. From here on they can be cancelled. `buffered` is as in [`Pace::new`].
    pub(crate) fn begin(&mut self, buffered: usize, feed: Option<Feed>) -> Result<Progress, Error> {
        if let Some(crew) = self.crew.as_ref().filter(|crew| !crew.process().is_here()) {
            return Err(Error::forked(crew.process()));
        }
        self.settle_stream(None);
        let batch = H::BATCH.map_or(1, Batch::max);
        self.options.check(batch)?;
        let devices = self.devices.as_ref().map_err(|what| Error::new(ErrorKind::Devices, what.clone()))?;
        let workers = self.crew.as_ref().map_or_else(
            || devices.as_slice().len().saturating_mul(self.options.workers_per_device),
            Crew::len,
        );
        check_workers(workers)?;
        self.options.check_devices(devices.distinct())?;
        let pace = Pace::new(&self.options, workers, batch, buffered);
        let is_unlike = H::ORDER == Order::Ordered && devices.distinct() > 1;
        let pace = if is_unlike { pace.with_unlike_workers() } else { pace };
        let gate = Arc::new(Gate::new(H::ORDER, pace, feed));
        let mut progress = Progress::new(gate, &self.control);
        if self.crew.is_none() {
            self.crew = Some(shift::begin::<H>(devices, &self.options, &self.control, &self.config)?);
        }
        if let Some(limit) = self.options.stall_warning {
            let places = started(self.crew.as_ref()).workers().map(|worker| worker.place().to_string());
            progress.gate.watch(Watch::new(H::NAME, places.collect(), limit));
        }
        progress.begun = Instant::now();
        if progress.gate.is_cancelled() { Err(Error::cancelled()) } else { Ok(progress) }
    }

    /// Produces and consumes; the workers are at rest when it returns or unwinds.
    fn fold<S, P>(
        &mut self,
        progress: &Progress,
        state: &mut H::ConsumerState,
        source: S,
    ) -> Result<(), Error>
    where
        S: Source<Item = H::Item>,
        P: Placement<H>,
    {
        let crew = started(self.crew.as_ref());
        let session = Session::<H, S>::new(
            &self.config,
            &self.options,
            crew.roster(&self.options),
            &progress.gate,
            source,
        );
        let mut ledger = Ledger::new(H::ORDER, &self.options);
        let placement = P::default();
        session.gate.enter(crew.len() + usize::from(S::FED), session.roster.can_spare());
        let outcome = thread::scope(|scope| {
            if S::FED {
                let feed = || Session::feed(&session);
                feeder::<H>().spawn_scoped(scope, feed).map_err(|error| no_thread(&error))?;
            }
            crew.broadcast(
                |worker| placement.work(&session, worker),
                || consume(&session, &mut ledger, state),
            )
            .inspect_err(|_| session.gate.stop())
        });
        let Ending { report, result, panic } = ledger.close(&session, progress.begun);
        self.report = Some(report);
        if let Err(refused) = outcome {
            drop_quietly(result);
            drop_quietly(panic);
            return Err(refused);
        }
        // What was consumed counts, whatever ended the run.
        let merged = match panic {
            None => catch_unwind(AssertUnwindSafe(|| placement.merge(&self.config, state))),
            Some(payload) => {
                drop(placement);
                Err(payload)
            }
        };
        match merged {
            Ok(merged) if result.is_ok() => merged,
            Ok(second) => {
                drop_quietly(second);
                result
            }
            Err(payload) => {
                // One that panics when the unwinding drops it would abort the process.
                drop_quietly(result);
                resume_unwind(payload)
            }
        }
    }

    /// Sends the workers off; whoever pulls the stream consumes.
    pub(crate) fn stream_source<S>(&mut self, progress: Progress, source: S) -> Stream<'_, H::Output>
    where
        H: 'static,
        S: Source<Item = H::Item> + 'static,
    {
        let crew = started(self.crew.as_ref());
        let session = Arc::new(Session::<H, S>::new(
            &self.config,
            &self.options,
            crew.roster(&self.options),
            &progress.gate,
            source,
        ));
        session.gate.enter(crew.len() + usize::from(S::FED), session.roster.can_spare());
        if S::FED {
            let feeding = Arc::clone(&session);
            if let Err(error) = feeder::<H>().spawn(move || Session::feed(feeding)) {
                drop_quietly(session);
                return Stream::failed(no_thread(&error));
            }
        }
        self.streaming = Some(Arc::clone(&progress.gate));
        let shared = Arc::clone(&session);
        crew.spawn(move |worker| AtCaller.work(&shared, worker));
        let ledger = Ledger::new(H::ORDER, &self.options);
        Stream::new(session, ledger, progress, &mut self.report, &mut self.streaming)
    }

    /// Stops a stream that was leaked, and waits for it, at most for `limit`; its gate if that is not enough.
    fn settle_stream(&mut self, limit: Option<Duration>) -> Option<Arc<Gate>> {
        let gate = self.streaming.take()?;
        // Only the stream knows how much of it was consumed.
        self.report = None;
        gate.cancel();
        let is_at_rest = gate.await_rest(limit);
        self.control.end();
        (!is_at_rest).then_some(gate)
    }

    /// Ends the workers, if there are any.
    pub(crate) fn end_shift(&mut self) -> Result<(), Error> {
        let Some(crew) = self.crew.take() else { return Ok(()) };
        if !crew.process().is_here() {
            self.streaming = None;
            return Err(Error::forked(crew.process()));
        }
        let limit = self.options.close_timeout;
        if let (Some(gate), Some(limit)) = (self.settle_stream(limit), limit) {
            return Err(shift::end_restless::<H>(crew, &gate, limit, &self.config));
        }
        shift::end::<H>(crew, Vec::new(), limit, &self.config)
    }
}

/// Takes a split input's producer, whose type only the input knows, into a run.
struct FoldParts<'r, H: Hooks, P> {
    runner: &'r mut Runner<H>,
    progress: &'r Progress,
    state: &'r mut H::ConsumerState,
    items: usize,
    placement: PhantomData<fn() -> P>,
}

impl<H: Hooks, P: Placement<H>> ProducerCallback<H::Item> for FoldParts<'_, H, P> {
    type Output = Result<(), Error>;

    fn callback<Q: Producer<Item = H::Item>>(self, producer: Q) -> Result<(), Error> {
        self.runner.fold::<_, P>(self.progress, self.state, Split::new(producer, self.items))
    }
}

/// What waits for its batch, if the hooks' batches have a delay.
pub(crate) fn feed<H: Hooks>() -> Option<Feed> {
    let batch = H::BATCH?;
    Some(Feed::new(batch.max(), batch.first_waits()?))
}

/// The thread that pulls ahead.
pub(crate) fn feeder<H: Hooks>() -> thread::Builder {
    thread::Builder::new().name(format!("{}/feeder", H::NAME))
}

/// Makes the input's iterator, which is the caller's code.
pub(crate) fn open<I>(data: impl FnOnce() -> I) -> Result<I, Error> {
    guard(|| Ok(data())).map_err(Error::in_input)
}

fn started(crew: Option<&Crew>) -> &Crew {
    crew.expect("`begin` succeeds only with started workers")
}
