//! A device, and another one that takes forty times as long for an item: how the order, and the window, share the input between them.

use std::ops::ControlFlow;
use std::time::Duration;

use easycore::{Device, HookError, Hooks, Options, Order, Runner, Worker};

use crate::contenders::{ORDERED, UNORDERED};
use crate::jobs::{loops_of, spin};
use crate::measure::{Plan, Series};

pub(crate) const TIGHT: &str = "window of 6";
pub(crate) const AUTOMATIC: &str = "automatic window";
pub(crate) const WINDOWS: [&str; 2] = [TIGHT, AUTOMATIC];

/// The busy time of the fast device, of the run's time, in percent.
pub(crate) const FAST_BUSY: &str = "fast device busy, %";
/// How many of the items it had, in percent.
const FAST_SHARE: &str = "items of the fast device, %";
/// The time of the run, in milliseconds.
const ELAPSED: &str = "run, ms";

const FAST: Device = Device::Cuda(0);
const COST: Duration = Duration::from_micros(2_500);
const TIMES: u32 = 40;
const ITEMS: u64 = 400;

/// Spins for an item; its config says how many loops on the fast device.
struct Unlike<const ORDERED: bool>;

impl<const ORDERED: bool> Hooks for Unlike<ORDERED> {
    const NAME: &'static str = "unlike";
    const ORDER: Order = if ORDERED { Order::Ordered } else { Order::Unordered };
    type Config = u32;
    type Item = u64;
    type Output = u64;
    type ProducerState = u32;
    type ConsumerState = ();
    type Outcome = ();

    fn producer_init(worker: &Worker, loops: &u32) -> Result<u32, HookError> {
        Ok(if *worker.device() == FAST { *loops } else { TIMES * *loops })
    }
    fn producer_work(_: &u32, loops: &mut u32, item: u64) -> Result<u64, HookError> {
        Ok(spin(*loops, item))
    }
    fn consumer_init(_: &u32) -> Result<(), HookError> {
        Ok(())
    }
    fn consumer_work(_: &u32, (): &mut (), _: u64) -> Result<ControlFlow<()>, HookError> {
        Ok(ControlFlow::Continue(()))
    }
    fn consumer_end(_: &u32, (): ()) -> Result<(), HookError> {
        Ok(())
    }
}

pub(crate) fn measure(plan: &Plan, window: &str) -> Vec<Series> {
    let mut series = of_order::<true>(plan, window, ORDERED);
    series.extend(of_order::<false>(plan, window, UNORDERED));
    series
}

fn of_order<const IN_ORDER: bool>(plan: &Plan, window: &str, contender: &str) -> Vec<Series> {
    let options = if window == TIGHT { Options::new().window(6) } else { Options::new() };
    let mut runner = Runner::<Unlike<IN_ORDER>>::new([Device::Cpu, FAST], loops_of(COST)).options(options);
    let mut metrics = [FAST_BUSY, FAST_SHARE, ELAPSED].map(|metric| Series {
        contender: contender.to_owned(),
        metric,
        rounds: Vec::new(),
    });
    for _ in 0..plan.rounds {
        runner.run(0..ITEMS).expect("no hook fails");
        let report = runner.report().expect("a run leaves a report");
        let fast = report.workers().iter().find(|worker| worker.device == FAST).expect("it is in the list");
        let elapsed = report.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
        let share = fast.items as f64 / report.consumed() as f64;
        let figures = [100.0 * fast.busy.as_secs_f64() / elapsed, 100.0 * share, 1e3 * elapsed];
        for (series, figure) in metrics.iter_mut().zip(figures) {
            series.rounds.push(figure);
        }
    }
    metrics.into()
}
