//! A whole run on the model checker's threads: the engine's own worker loop, feeder and consumer.

use std::sync::Arc;

use shuttle::thread;

use crate::batch::Batch;
use crate::consume::consume;
use crate::control::{Canceller, Control, Progress};
use crate::device::Device;
use crate::error::Error;
use crate::fed::Fed;
use crate::feed::Feed;
use crate::gate::Gate;
use crate::hooks::Hooks;
use crate::iterated::Iterated;
use crate::ledger::{Ending, Ledger};
use crate::options::Options;
use crate::pace::Pace;
use crate::placement::{AtCaller, AtWorkers, Placement};
use crate::report::Report;
use crate::roster::Roster;
use crate::scene::{Job, Numbers, Piece, Plan, Scene};
use crate::session::Session;
use crate::source::Source;
use crate::worker::{Place, Worker};

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
        let place = Place { index, device: Device::Cpu, rank: index, among: plan.scene.workers };
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
            scope.spawn(|| Session::feed(&session));
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
