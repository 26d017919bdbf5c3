//! Runs that are pulled by the caller.

use std::sync::Arc;

use shuttle::thread;

use crate::explore::explore;
use crate::gate::Gate;
use crate::hooks::Hooks;
use crate::iterated::Iterated;
use crate::ledger::Ledger;
use crate::placement::{AtCaller, Placement};
use crate::report::Report;
use crate::scene::{Job, Numbers, Piece, Plan, Scene};
use crate::session::Session;
use crate::stage::{crew, open, roster};
use crate::stream::Stream;

type Ordered = Job<true, 0>;

/// A stream of `scene`, and where its report and its gate will be.
struct Streaming {
    report: Option<Report>,
    gate: Option<Arc<Gate>>,
    session: Option<Arc<Session<Ordered, Iterated<Numbers>>>>,
}

impl Streaming {
    fn new() -> Self {
        Self { report: None, gate: None, session: None }
    }

    fn open(&mut self, scene: &Scene) -> Stream<'_, Piece> {
        let plan = Plan::new(scene);
        let (progress, control) = open::<Ordered>(&plan);
        let source = Iterated::new(Numbers::new(&plan));
        let session =
            Arc::new(Session::new(&plan, &scene.options, roster(&scene.options), &progress.gate, source));
        session.gate.enter(scene.workers, false);
        for worker in crew(&plan, &control) {
            let session = Arc::clone(&session);
            thread::spawn(move || AtCaller.work(&session, &worker));
        }
        self.session = Some(Arc::clone(&session));
        self.gate = Some(Arc::clone(&progress.gate));
        Stream::new(
            session,
            Ledger::new(Ordered::ORDER, &scene.options),
            progress,
            &mut self.report,
            &mut self.gate,
        )
    }
}

#[test]
fn a_stream_yields_everything_in_line() {
    explore(|| {
        let mut streaming = Streaming::new();
        let outputs: Result<Vec<usize>, _> =
            streaming.open(&Scene::new(4, 2)).map(|output| output.map(|piece| piece.index)).collect();
        assert_eq!(outputs.expect("nothing fails"), [0, 1, 2, 3]);
        assert_eq!(streaming.report.map(|report| report.consumed()), Some(4));
    });
}

#[test]
fn a_stream_may_be_dropped_at_any_output() {
    explore(|| {
        let mut streaming = Streaming::new();
        let first: Vec<usize> =
            streaming.open(&Scene::new(6, 2)).take(2).flatten().map(|piece| piece.index).collect();
        assert_eq!(first, [0, 1]);
        let report = streaming.report.expect("dropping it ends the run");
        assert_eq!(report.workers().len(), 2, "both workers have left");
        assert_eq!(report.pulled(), 2 + report.discarded());
    });
}

#[test]
fn a_stream_that_is_left_behind_can_be_settled() {
    explore(|| {
        let mut streaming = Streaming::new();
        let mut stream = streaming.open(&Scene::new(6, 2));
        assert!(matches!(stream.next(), Some(Ok(Piece { index: 0, .. }))));
        std::mem::forget(stream);
        let gate = streaming.gate.take().expect("it has not ended");
        gate.cancel();
        assert!(gate.await_rest(None));
        let session = streaming.session.expect("it was opened");
        assert_eq!(session.workers.lock().len(), 2, "both workers have left");
    });
}
