//! The six hooks as a trait: what the macro implements, and what can be implemented by hand.
//! Nothing here runs anything.

use std::error::Error;
use std::ops::ControlFlow;

use crate::batch::Batch;
use crate::worker::Worker;

/// What a hook fails with: any error, boxed. `?` converts into it.
pub type HookError = Box<dyn Error + Send + Sync>;

/// Whether the consumer sees outputs in input order or as they finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// Output `k` is consumed after output `k - 1`, exactly as in a sequential loop.
    Ordered,
    /// Outputs are consumed as workers finish them.
    Unordered,
}

/// The hooks of a runner, as [`Runner`](crate::Runner) calls them.
///
/// [`parallel_runner`](macro@crate::parallel_runner) implements this trait on a hidden type; implement it by hand
/// where a macro is not wanted. The implementing type is never made: it only carries the functions.
///
/// The producer hooks run on worker threads, the consumer hooks on the thread that calls `run`. A producer state is
/// made, used and ended on one and the same thread, so it need not be `Send`.
///
/// # Example
///
/// ```
/// use std::ops::ControlFlow;
/// use easycore::{HookError, Hooks, Order, Runner, Worker};
///
/// struct SumOfSquares;
///
/// impl Hooks for SumOfSquares {
///     const NAME: &'static str = "sum-of-squares";
///     const ORDER: Order = Order::Unordered;
///     const STATELESS: bool = true;
///     type Config = ();
///     type Item = u64;
///     type Output = u64;
///     type ProducerState = ();
///     type ConsumerState = u64;
///     type Outcome = u64;
///
///     fn producer_init(_: &Worker, (): &()) -> Result<(), HookError> {
///         Ok(())
///     }
///     fn producer_work((): &(), (): &mut (), item: u64) -> Result<u64, HookError> {
///         Ok(item * item)
///     }
///     fn consumer_init((): &()) -> Result<u64, HookError> {
///         Ok(0)
///     }
///     fn consumer_work((): &(), sum: &mut u64, square: u64) -> Result<ControlFlow<()>, HookError> {
///         *sum += square;
///         Ok(ControlFlow::Continue(()))
///     }
///     fn consumer_end((): &(), sum: u64) -> Result<u64, HookError> {
///         Ok(sum)
///     }
/// }
///
/// let mut runner = Runner::<SumOfSquares>::new(3, ());
/// assert_eq!(runner.run(0..100)?, 328_350);
/// # Ok::<(), easycore::Error>(())
/// ```
pub trait Hooks: Sized {
    /// Names the runner's threads: worker 1 on `cuda:0` is called `NAME/cuda:0/1`. It holds no NUL byte, as no thread's name does.
    const NAME: &'static str;

    /// Whether outputs reach the consumer in input order.
    const ORDER: Order = Order::Ordered;

    /// Read-only parameters shared by all hooks; `()` if there are none.
    type Config: Send + Sync + 'static;

    /// How many items [`producer_batch`](Hooks::producer_batch) takes at once; without it items are worked one by one.
    const BATCH: Option<Batch> = None;

    /// How many more attempts an item, or a batch, has at [`producer_work`](Hooks::producer_work) after it has failed there.
    /// Other than 0 it takes a [`copy_item`](Hooks::copy_item), too.
    const RETRIES: usize = 0;

    /// Whether [`producer_init`](Hooks::producer_init) makes nothing, so that after a panic there is nothing to be made anew, and no
    /// device to blame.
    const STATELESS: bool = false;

    /// What the input yields.
    type Item: Send;

    /// What [`producer_work`](Hooks::producer_work) makes of an item.
    type Output: Send;

    /// What a worker keeps from item to item and from run to run: a model, a decoder, a connection.
    type ProducerState: 'static;

    /// What the consumer keeps from output to output, for one run.
    type ConsumerState;

    /// What a run returns.
    type Outcome;

    /// Makes a worker's state: once per worker, before its first item, on the worker's own thread.
    ///
    /// # Errors
    /// Whatever prevents the worker from working; it becomes the [`Error`](crate::Error) of `start` or `run`.
    fn producer_init(worker: &Worker, config: &Self::Config) -> Result<Self::ProducerState, HookError>;

    /// Turns one item into one output, on a worker's thread.
    ///
    /// # Errors
    /// Whatever is wrong with the item; [`OnError`](crate::OnError) decides whether the run goes on without it.
    fn producer_work(
        config: &Self::Config,
        state: &mut Self::ProducerState,
        item: Self::Item,
    ) -> Result<Self::Output, HookError>;

    /// Turns a batch of items into as many outputs, in their order. Called in place of
    /// [`producer_work`](Hooks::producer_work) where [`BATCH`](Hooks::BATCH) says so: with as many items as it holds, or
    /// fewer at the end of the input, before an `Err` item of `try_run`, before what panics in split input, or when its delay is
    /// over.
    ///
    /// # Errors
    /// Whatever is wrong with the batch, all of which has then failed.
    fn producer_batch(
        config: &Self::Config,
        state: &mut Self::ProducerState,
        items: Vec<Self::Item>,
    ) -> Result<Vec<Self::Output>, HookError> {
        items.into_iter().map(|item| Self::producer_work(config, state, item)).collect()
    }

    /// What to try again with if `item` fails: called before each attempt but the last, on the worker's thread, where
    /// [`RETRIES`](Hooks::RETRIES) is not 0. `None`, which it returns unless overridden, is not tried again. A panic of it is taken
    /// for one of [`producer_work`](Hooks::producer_work).
    fn copy_item(item: &Self::Item) -> Option<Self::Item> {
        let _ = item;
        None
    }

    /// Ends a worker's state, once for every successful [`producer_init`](Hooks::producer_init), on the same thread.
    /// Drops it unless overridden.
    ///
    /// # Errors
    /// Whatever could not be finished; it becomes the [`Error`](crate::Error) of `close`.
    fn producer_end(config: &Self::Config, state: Self::ProducerState) -> Result<(), HookError> {
        let _ = config;
        drop(state);
        Ok(())
    }

    /// Makes the consumer's state: once per run, on the caller's thread.
    ///
    /// # Errors
    /// Whatever prevents the run.
    fn consumer_init(config: &Self::Config) -> Result<Self::ConsumerState, HookError>;

    /// Consumes one output, on the caller's thread. [`ControlFlow::Break`] ends the run early and successfully.
    ///
    /// # Errors
    /// Whatever makes consuming the rest pointless; it ends the run.
    fn consumer_work(
        config: &Self::Config,
        state: &mut Self::ConsumerState,
        output: Self::Output,
    ) -> Result<ControlFlow<()>, HookError>;

    /// Turns the consumer's state into the run's result, after the last output.
    ///
    /// # Errors
    /// Whatever spoils the result.
    fn consumer_end(config: &Self::Config, state: Self::ConsumerState) -> Result<Self::Outcome, HookError>;
}

/// Hooks whose consumption scales with the workers: every worker folds what it makes into a consumer state of its own, and the
/// states are merged at the end. [`Runner::merging`](crate::Runner::merging) runs them so.
///
/// [`consumer_init`](Hooks::consumer_init) then runs on each worker before its first item, and once on the caller for the
/// state that the others are merged into; [`consumer_work`](Hooks::consumer_work) runs on the workers. The order of outputs
/// is lost, so [`Hooks::ORDER`] should be [`Order::Unordered`].
///
/// # Example
///
/// ```
/// use std::ops::ControlFlow;
/// use easycore::{HookError, Hooks, MergeHooks, Order, Runner, Worker};
///
/// struct Sum;
///
/// impl Hooks for Sum {
///     const NAME: &'static str = "sum";
///     const ORDER: Order = Order::Unordered;
///     const STATELESS: bool = true;
///     type Config = ();
///     type Item = u32;
///     type Output = u64;
///     type ProducerState = ();
///     type ConsumerState = u64;
///     type Outcome = u64;
///
///     fn producer_init(_: &Worker, (): &()) -> Result<(), HookError> {
///         Ok(())
///     }
///     fn producer_work((): &(), (): &mut (), item: u32) -> Result<u64, HookError> {
///         Ok(item.into())
///     }
///     fn consumer_init((): &()) -> Result<u64, HookError> {
///         Ok(0)
///     }
///     fn consumer_work((): &(), sum: &mut u64, output: u64) -> Result<ControlFlow<()>, HookError> {
///         *sum += output;
///         Ok(ControlFlow::Continue(()))
///     }
///     fn consumer_end((): &(), sum: u64) -> Result<u64, HookError> {
///         Ok(sum)
///     }
/// }
///
/// impl MergeHooks for Sum {
///     fn consumer_merge((): &(), into: &mut u64, from: u64) -> Result<(), HookError> {
///         *into += from;
///         Ok(())
///     }
/// }
///
/// let mut runner = Runner::<Sum>::new(2, ());
/// assert_eq!(runner.merging().run_indexed(0..1_000)?, 499_500);
/// # Ok::<(), easycore::Error>(())
/// ```
pub trait MergeHooks: Hooks<ConsumerState: Send> {
    /// Brings one worker's consumer state into another state, on the caller's thread, in the order of the workers.
    ///
    /// # Errors
    /// Whatever makes the two incompatible; it ends the run.
    fn consumer_merge(
        config: &Self::Config,
        into: &mut Self::ConsumerState,
        from: Self::ConsumerState,
    ) -> Result<(), HookError>;
}
