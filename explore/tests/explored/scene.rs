//! A whole run on the model checker's threads: the engine's own worker loop, feeder and consumer, with hooks that keep books.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shuttle::thread;

use crate::batch::Batch;
use crate::consume::consume;
use crate::control::{Canceller, Control, Progress};
use crate::device::Device;
use crate::error::Error;
use crate::fed::Fed;
use crate::feed::Feed;
use crate::gate::Gate;
use crate::hooks::{HookError, Hooks, MergeHooks, Order};
use crate::iterated::{Input, Iterated};
use crate::ledger::{Ending, Ledger};
use crate::options::{Chunk, Options};
use crate::pace::Pace;
use crate::placement::{AtCaller, AtWorkers, Placement};
use crate::report::Report;
use crate::roster::Roster;
use crate::session::Session;
use crate::source::Source;
use crate::sync::{Condvar, Mutex as ExploredMutex, pass_time};
use crate::worker::{Place, Worker};

/// How long an item's work takes, unless it is brisk.
const WORK: Duration = Duration::from_micros(30);

/// How long the first item of a batch waits.
pub(crate) const DELAY: Duration = Duration::from_millis(5);

/// What happens in a run, apart from the schedule.
#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) workers: usize,
    pub(crate) items: usize,
    pub(crate) options: Options,
    /// The items whose work fails.
    pub(crate) failing: &'static [usize],
    /// The item in whose place the input yields an error.
    pub(crate) broken: Option<usize>,
    /// The item after which the consumer has seen enough.
    pub(crate) enough: Option<usize>,
    /// How many items the input runs ahead of the consumer before it makes whoever pulls wait.
    pub(crate) lead: Option<usize>,
    /// Whether the consumer is at its first output until whoever meddles with the run has done so.
    pub(crate) stuck: bool,
    /// Whether work takes no time, so that all chunks but the first are worked in blocks.
    pub(crate) brisk: bool,
}

impl Scene {
    /// Two workers, and chunks of one item.
    pub(crate) fn new(items: usize, window: usize) -> Self {
        Self {
            workers: 2,
            items,
            options: Options::new().window(window).chunk(Chunk::Exactly(1)),
            failing: &[],
            broken: None,
            enough: None,
            lead: None,
            stuck: false,
            brisk: false,
        }
    }

    pub(crate) fn window(&self) -> usize {
        self.options.window.expect("every scene has one")
    }
}

/// What is known of a run while it goes on.
#[derive(Default)]
struct Books {
    pulled: usize,
    worked: Vec<usize>,
    /// Pulled and not yet dropped.
    held: usize,
    most_held: usize,
    largest_batch: usize,
    /// How many producer states were made.
    states: usize,
}

pub(crate) struct Plan {
    scene: Scene,
    books: Mutex<Books>,
    /// How many outputs have been consumed.
    consumed: ExploredMutex<usize>,
    /// Whether whoever meddles with the run has done so.
    meddled: ExploredMutex<bool>,
    progressed: Condvar,
}

/// An item, and what becomes of it.
pub(crate) struct Piece {
    pub(crate) index: usize,
    plan: Arc<Plan>,
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.plan.books().held -= 1;
    }
}

impl Plan {
    pub(crate) fn new(scene: &Scene) -> Arc<Self> {
        Arc::new(Self {
            scene: scene.clone(),
            books: Mutex::default(),
            consumed: ExploredMutex::new(0),
            meddled: ExploredMutex::new(false),
            progressed: Condvar::default(),
        })
    }

    /// What it guards is no part of what is explored, so there is nothing to interrupt.
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was worked, how large the largest batch was, and how many states were made.
    fn noted(&self) -> (Vec<usize>, usize, usize) {
        let books = self.books();
        (books.worked.clone(), books.largest_batch, books.states)
    }

    fn pull(self: &Arc<Self>, index: usize) -> Result<Piece, HookError> {
        if let Some(lead) = self.scene.lead {
            let mut consumed = self.consumed.lock();
            while *consumed + lead < index {
                consumed = self.progressed.wait(consumed);
            }
        }
        let mut books = self.books();
        books.pulled += 1;
        if self.scene.broken == Some(index) {
            return Err("broken".into());
        }
        books.held += 1;
        books.most_held = books.most_held.max(books.held);
        Ok(Piece { index, plan: Arc::clone(self) })
    }

    fn work(&self, piece: Piece) -> Result<Piece, HookError> {
        if !self.scene.brisk {
            pass_time(WORK);
        }
        self.books().worked.push(piece.index);
        if self.scene.failing.contains(&piece.index) { Err("refused".into()) } else { Ok(piece) }
    }

    fn note_batch(&self, items: usize) {
        let mut books = self.books();
        books.largest_batch = books.largest_batch.max(items);
    }

    fn consume(&self, index: usize) -> ControlFlow<()> {
        if self.scene.stuck {
            let mut meddled = self.meddled.lock();
            while !*meddled {
                meddled = self.progressed.wait(meddled);
            }
        }
        *self.consumed.lock() += 1;
        self.progressed.notify_all();
        if self.scene.enough == Some(index) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn note_meddling(&self) {
        *self.meddled.lock() = true;
        self.progressed.notify_all();
    }
}

/// Hooks that follow a [`Plan`], one by one or in batches.
pub(crate) struct Job<const ORDERED: bool, const BATCH: usize>;

impl<const ORDERED: bool, const BATCH: usize> Hooks for Job<ORDERED, BATCH> {
    const NAME: &'static str = "job";
    const ORDER: Order = if ORDERED { Order::Ordered } else { Order::Unordered };
    const BATCH: Option<Batch> = if BATCH > 0 { Some(Batch::new(BATCH).delay(DELAY)) } else { None };
    type Config = Plan;
    type Item = Piece;
    type Output = Piece;
    type ProducerState = ();
    type ConsumerState = Vec<usize>;
    type Outcome = Vec<usize>;

    fn producer_init(_: &Worker, plan: &Plan) -> Result<(), HookError> {
        plan.books().states += 1;
        Ok(())
    }

    fn producer_work(plan: &Plan, (): &mut (), item: Piece) -> Result<Piece, HookError> {
        plan.work(item)
    }

    fn producer_batch(plan: &Plan, (): &mut (), items: Vec<Piece>) -> Result<Vec<Piece>, HookError> {
        plan.note_batch(items.len());
        items.into_iter().map(|item| plan.work(item)).collect()
    }

    fn consumer_init(_: &Plan) -> Result<Vec<usize>, HookError> {
        Ok(Vec::new())
    }

    fn consumer_work(
        plan: &Plan,
        outputs: &mut Vec<usize>,
        output: Piece,
    ) -> Result<ControlFlow<()>, HookError> {
        outputs.push(output.index);
        Ok(plan.consume(output.index))
    }

    fn consumer_end(_: &Plan, outputs: Vec<usize>) -> Result<Vec<usize>, HookError> {
        Ok(outputs)
    }
}

impl<const BATCH: usize> MergeHooks for Job<false, BATCH> {
    fn consumer_merge(_: &Plan, into: &mut Vec<usize>, from: Vec<usize>) -> Result<(), HookError> {
        into.extend(from);
        Ok(())
    }
}

/// The input of a scene: the numbers from 0.
pub(crate) struct Numbers {
    plan: Arc<Plan>,
    next: usize,
}

impl Numbers {
    pub(crate) fn new(plan: &Arc<Plan>) -> Self {
        Self { plan: Arc::clone(plan), next: 0 }
    }
}

impl Input for Numbers {
    type Item = Piece;

    fn next(&mut self) -> Option<Result<Piece, HookError>> {
        let index = self.next;
        if index == self.plan.scene.items {
            return None;
        }
        self.next += 1;
        Some(self.plan.pull(index))
    }
}

/// What a run came to.
pub(crate) struct Outcome {
    pub(crate) result: Result<(), Error>,
    pub(crate) report: Report,
    pub(crate) outputs: Vec<usize>,
    pub(crate) worked: Vec<usize>,
    pub(crate) largest_batch: usize,
    pub(crate) states: usize,
}

impl Outcome {
    /// What holds for every run, however it ended.
    fn check(&self, plan: &Plan) {
        let (report, books) = (&self.report, plan.books());
        assert_eq!(report.pulled(), books.pulled, "everything that was pulled is accounted for");
        let told = report.consumed() + report.skipped() + report.failed() + report.discarded();
        assert_eq!(report.pulled(), told, "pulled = consumed + skipped + failed + discarded");
        assert_eq!(report.consumed(), self.outputs.len());
        assert_eq!(books.held, 0, "everything that was pulled has been dropped");
        assert!(books.most_held <= plan.scene.window(), "the window holds {} items", books.most_held);
        assert_eq!(report.workers().len(), plan.scene.workers, "every worker has left");
    }

    /// The outputs in line, for runs that do not keep one.
    pub(crate) fn sorted(&self) -> Vec<usize> {
        let mut outputs = self.outputs.clone();
        outputs.sort_unstable();
        outputs
    }

    /// The index of the item at fault.
    pub(crate) fn fault(&self) -> Option<usize> {
        self.result.as_ref().err().and_then(Error::item)
    }
}

/// Runs `scene` while another thread may `meddle` with it at any moment.
pub(crate) fn run<const ORDERED: bool>(scene: &Scene, meddle: impl FnOnce(&Canceller) + Send) -> Outcome {
    let plan = Plan::new(scene);
    let source = Iterated::new(Numbers::new(&plan));
    run_source::<Job<ORDERED, 0>, _, AtCaller>(&plan, source, meddle)
}

/// As [`run`], with a thread that pulls ahead for batches of two with a [`DELAY`].
pub(crate) fn run_batches<const ORDERED: bool>(
    scene: &Scene,
    meddle: impl FnOnce(&Canceller) + Send,
) -> Outcome {
    let plan = Plan::new(scene);
    let source = Fed::new(Numbers::new(&plan));
    run_source::<Job<ORDERED, 2>, _, AtCaller>(&plan, source, meddle)
}

/// As [`run`], consumed on the workers.
pub(crate) fn run_merging(scene: &Scene, meddle: impl FnOnce(&Canceller) + Send) -> Outcome {
    let plan = Plan::new(scene);
    let source = Iterated::new(Numbers::new(&plan));
    run_source::<Job<false, 0>, _, AtWorkers<Vec<usize>>>(&plan, source, meddle)
}

/// So many items, in line.
pub(crate) fn numbers(items: usize) -> Vec<usize> {
    (0..items).collect()
}

/// Nobody meddles.
pub(crate) fn undisturbed(_: &Canceller) {}

/// The gate of a run of `plan`, and how it is reached from outside.
pub(crate) fn open<H: Hooks>(plan: &Plan) -> (Progress, Control) {
    let feed = H::BATCH.and_then(|batch| Some(Feed::new(batch.max(), batch.first_waits()?)));
    let batch = H::BATCH.map_or(1, Batch::max);
    let pace = Pace::new(&plan.scene.options, plan.scene.workers, batch, size_of::<Piece>());
    let control = Control::default();
    (Progress::new(Arc::new(Gate::new(H::ORDER, pace, feed)), &control), control)
}

/// The workers of a run of `plan`.
pub(crate) fn crew(plan: &Plan, control: &Control) -> Vec<Worker> {
    let worker = |index| {
        let place = Place { index, device: Device::Cpu, rank: index };
        Worker::new(place, 0, control.clone(), Arc::default())
    };
    (0..plan.scene.workers).map(worker).collect()
}

/// The devices of the workers.
pub(crate) fn roster(options: &Options) -> Roster {
    Roster::new([&Device::Cpu].into_iter(), options)
}

/// `drive.rs` without rayon: sends everybody off, consumes, and closes the accounts.
fn run_source<H, S, P>(plan: &Arc<Plan>, source: S, meddle: impl FnOnce(&Canceller) + Send) -> Outcome
where
    H: Hooks<Config = Plan, ConsumerState = Vec<usize>>,
    S: Source<Item = H::Item>,
    P: Placement<H>,
{
    let (progress, control) = open::<H>(plan);
    let options = &plan.scene.options;
    let session = Session::<H, S>::new(plan, options, roster(options), &progress.gate, source);
    let mut ledger = Ledger::new(H::ORDER, options);
    let mut outputs = Vec::new();
    let placement = P::default();
    let canceller = Canceller::new(control.clone());
    session.gate.enter(plan.scene.workers + usize::from(S::FED), session.roster.can_spare());
    thread::scope(|scope| {
        if S::FED {
            scope.spawn(|| session.feed());
        }
        for worker in crew(plan, &control) {
            let (placement, session) = (&placement, &session);
            scope.spawn(move || placement.work(session, &worker));
        }
        scope.spawn(|| {
            meddle(&canceller);
            plan.note_meddling();
        });
        consume(&session, &mut ledger, &mut outputs);
    });
    let Ending { report, result, panic } = ledger.close(&session, progress.begun);
    assert!(panic.is_none(), "no consumer hook here panics");
    placement.merge(plan, &mut outputs).expect("merging does not fail");
    let (worked, largest_batch, states) = plan.noted();
    let outcome = Outcome { result, report, outputs, worked, largest_batch, states };
    outcome.check(plan);
    outcome
}
