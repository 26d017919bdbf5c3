//! What happens in a run, apart from the schedule, and hooks that do it and keep books.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::batch::Batch;
use crate::hooks::{HookError, Hooks, MergeHooks, Order};
use crate::iterated::Input;
use crate::options::{Chunk, Options};
use crate::sync::{Condvar, Mutex as ExploredMutex, pass_time};
use crate::worker::Worker;

/// How long an item's work takes, unless it is brisk.
const WORK: Duration = Duration::from_micros(30);

/// How long the first item of a batch waits.
pub(crate) const DELAY: Duration = Duration::from_millis(5);

/// What happens in a run.
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
pub(crate) struct Books {
    pub(crate) pulled: usize,
    worked: Vec<usize>,
    /// Pulled and not yet dropped.
    pub(crate) held: usize,
    pub(crate) most_held: usize,
    largest_batch: usize,
    /// How many producer states were made.
    states: usize,
}

pub(crate) struct Plan {
    pub(crate) scene: Scene,
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
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was worked, how large the largest batch was, and how many states were made.
    pub(crate) fn noted(&self) -> (Vec<usize>, usize, usize) {
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

    pub(crate) fn note_meddling(&self) {
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
