//! The hooks of a plan, with retries.

use std::marker::PhantomData;
use std::ops::ControlFlow;

use easycore::{Batch, Hooks, MergeHooks, Order, Worker};
use easycore_tests::{Fallible, Job, Plan, Seat};

use crate::cargo::{ATTEMPTS, Item, Output};

type Once<const ORDERED: bool, const BATCH: usize, const DELAY: u64> =
    Job<Item, Output, ORDERED, BATCH, DELAY>;

/// What [`Job`] does, tried again where it fails.
#[derive(Debug)]
pub(crate) struct Retried<const ORDERED: bool, const BATCH: usize, const DELAY: u64>(PhantomData<()>);

impl<const ORDERED: bool, const BATCH: usize, const DELAY: u64> Hooks for Retried<ORDERED, BATCH, DELAY> {
    const NAME: &'static str = "retried";
    const ORDER: Order = Once::<ORDERED, BATCH, DELAY>::ORDER;
    const BATCH: Option<Batch> = Once::<ORDERED, BATCH, DELAY>::BATCH;
    const RETRIES: usize = ATTEMPTS - 1;
    type Config = Plan<Item, Output>;
    type Item = Item;
    type Output = Output;
    type ProducerState = Seat;
    type ConsumerState = Vec<Output>;
    type Outcome = Vec<Output>;

    fn producer_init(worker: &Worker, plan: &Self::Config) -> Fallible<Seat> {
        Once::<ORDERED, BATCH, DELAY>::producer_init(worker, plan)
    }
    fn producer_work(plan: &Self::Config, seat: &mut Seat, item: Item) -> Fallible<Output> {
        Once::<ORDERED, BATCH, DELAY>::producer_work(plan, seat, item)
    }
    fn copy_item(item: &Item) -> Option<Item> {
        item.copy()
    }
    fn producer_end(plan: &Self::Config, seat: Seat) -> Fallible<()> {
        Once::<ORDERED, BATCH, DELAY>::producer_end(plan, seat)
    }
    fn consumer_init(plan: &Self::Config) -> Fallible<Vec<Output>> {
        Once::<ORDERED, BATCH, DELAY>::consumer_init(plan)
    }
    fn consumer_work(
        plan: &Self::Config,
        outputs: &mut Vec<Output>,
        output: Output,
    ) -> Fallible<ControlFlow<()>> {
        Once::<ORDERED, BATCH, DELAY>::consumer_work(plan, outputs, output)
    }
    fn consumer_end(plan: &Self::Config, outputs: Vec<Output>) -> Fallible<Vec<Output>> {
        Once::<ORDERED, BATCH, DELAY>::consumer_end(plan, outputs)
    }
}

impl<const ORDERED: bool, const BATCH: usize, const DELAY: u64> MergeHooks
    for Retried<ORDERED, BATCH, DELAY>
{
    fn consumer_merge(plan: &Self::Config, into: &mut Vec<Output>, from: Vec<Output>) -> Fallible<()> {
        Once::<ORDERED, BATCH, DELAY>::consumer_merge(plan, into, from)
    }
}
