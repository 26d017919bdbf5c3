//! The runner under test, for any batch size: its hooks say what `#[parallel_runner(batch = N)]` says for one.

use std::ops::ControlFlow;

use easycore::{Batch, FromWorker, HookError, Hooks, Runner, Worker};

use crate::images::Image;
use crate::model::{Net, Weights};

/// What the names of its threads begin with.
pub(crate) const NAME: &str = "labeller";

pub(crate) type Labeller<const BATCH: usize> = Runner<Label<BATCH>>;

pub(crate) struct Label<const BATCH: usize>;

/// What its workers are to do alike.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) weights: Weights,
    pub(crate) pinned: bool,
    /// How many threads libtorch may use for an operation; easycore decides if it is `None`.
    pub(crate) threads: Option<i32>,
}

impl<const BATCH: usize> Hooks for Label<BATCH> {
    const NAME: &'static str = NAME;
    const BATCH: Option<Batch> = if BATCH == 1 { None } else { Some(Batch::new(BATCH)) };
    type Config = Setup;
    type Item = Image;
    type Output = i64;
    type ProducerState = Net;
    type ConsumerState = Vec<i64>;
    type Outcome = Vec<i64>;

    fn producer_init(worker: &Worker, setup: &Setup) -> Result<Net, HookError> {
        let device = tch::Device::from_worker(worker)?;
        if let Some(threads) = setup.threads {
            tch::set_num_threads(threads);
        }
        Ok(Net::new(&setup.weights, device, BATCH, setup.pinned)?)
    }

    fn producer_work(_: &Setup, net: &mut Net, image: Image) -> Result<i64, HookError> {
        Ok(net.labels(vec![image])?[0])
    }

    fn producer_batch(_: &Setup, net: &mut Net, images: Vec<Image>) -> Result<Vec<i64>, HookError> {
        Ok(net.labels(images)?)
    }

    fn consumer_init(_: &Setup) -> Result<Vec<i64>, HookError> {
        Ok(Vec::new())
    }

    fn consumer_work(_: &Setup, labels: &mut Vec<i64>, label: i64) -> Result<ControlFlow<()>, HookError> {
        labels.push(label);
        Ok(ControlFlow::Continue(()))
    }

    fn consumer_end(_: &Setup, labels: Vec<i64>) -> Result<Vec<i64>, HookError> {
        Ok(labels)
    }
}
