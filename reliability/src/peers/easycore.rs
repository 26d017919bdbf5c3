//! easycore: the consumer as a hook, and as a loop over a stream.

use std::ops::ControlFlow;

use easycore::parallel_runner;

use super::{Peer, Session, consume};
use crate::scene::{Refused, Scene, Seat, WORKERS};

type Stage = &'static Scene;

#[parallel_runner(ordered, config = Stage)]
impl InOrder {
    fn producer_init(_worker: &easycore::Worker, scene: &Stage) -> Seat {
        scene.seat()
    }
    fn producer_work(scene: &Stage, seat: &mut Seat, item: usize) -> Result<usize, Refused> {
        scene.work(seat, item)
    }
    fn consumer_work(scene: &Stage, output: usize) -> ControlFlow<()> {
        scene.consume(output)
    }
}

#[parallel_runner(unordered, config = Stage)]
impl AsFinished {
    fn producer_init(_worker: &easycore::Worker, scene: &Stage) -> Seat {
        scene.seat()
    }
    fn producer_work(scene: &Stage, seat: &mut Seat, item: usize) -> Result<usize, Refused> {
        scene.work(seat, item)
    }
    fn consumer_work(scene: &Stage, output: usize) -> ControlFlow<()> {
        scene.consume(output)
    }
}

pub(super) const ORDERED: Peer = Peer {
    name: "easycore, `ordered`",
    library: "easycore",
    usage: "`run`, with `consumer_work`",
    takes_endless: true,
    is_ordered: true,
    open: |scene| {
        let mut runner = InOrder::new(WORKERS, scene);
        let run: Session = Box::new(move || runner.run(scene.input()).map_err(|error| error.to_string()));
        run
    },
};

pub(super) const UNORDERED: Peer = Peer {
    name: "easycore, `unordered`",
    is_ordered: false,
    open: |scene| {
        let mut runner = AsFinished::new(WORKERS, scene);
        Box::new(move || runner.run(scene.input()).map_err(|error| error.to_string()))
    },
    ..ORDERED
};

pub(super) const STREAM: Peer = Peer {
    name: "easycore, `stream`",
    usage: "a `for` loop over `stream`",
    open: |scene| {
        let mut runner = InOrder::new(WORKERS, scene);
        Box::new(move || consume(scene, runner.stream(scene.input())))
    },
    ..ORDERED
};
