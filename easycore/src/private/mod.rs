//! What the expansion of [`parallel_runner`](macro@crate::parallel_runner) refers to: names that the user's own cannot
//! shadow, and traits by which the compiler judges whether the hooks agree. Not for use by hand, and not stable.

pub use std::convert::Into;
pub use std::fmt::{Debug, Formatter, Result as FormatResult};
pub use std::iter::IntoIterator;
pub use std::marker::{PhantomData, Send};
pub use std::ops::ControlFlow;
pub use std::option::Option::{self, Some};
pub use std::result::Result::Ok;
pub use std::time::Duration;
pub use std::vec::Vec;

pub use crate::{
    Batch, Canceller, FromWorker, HookError, Hooks, IntoDevices, MergeHooks, Options, Order, Report, Runner,
    Stream, Worker,
};

pub use batched::*;
pub use per_hook::*;
pub use retried::*;
pub use returned::*;
pub use taken::*;

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator};

use crate::batch::wrong_length;

mod batched;
mod per_hook;
mod retried;
mod returned;
mod taken;

/// What a method of the generated type returns.
pub type Result<T, E = crate::Error> = std::result::Result<T, E>;

/// What a function of [`Hooks`] returns.
pub type HookResult<T> = Result<T, HookError>;

/// What `run_indexed` takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not input that can be split by position",
    label = "not a slice, a `Vec`, a range of `usize` or of up to 32 bits, or any other of rayon's indexed iterators",
    note = "`run` takes any iterator, a range of `u64` too"
)]
pub trait Splittable: IntoParallelIterator<Iter: IndexedParallelIterator> {}

#[diagnostic::do_not_recommend]
impl<I: IntoParallelIterator<Iter: IndexedParallelIterator>> Splittable for I {}

/// Works a single item by hooks that work in batches.
///
/// # Errors
/// Those of `producer_batch`, and that it does not return exactly one output.
pub fn batch_of_one<H: Hooks>(
    config: &H::Config,
    state: &mut H::ProducerState,
    item: H::Item,
) -> HookResult<H::Output> {
    let outputs = H::producer_batch(config, state, vec![item])?;
    let [output] = <[_; 1]>::try_from(outputs).map_err(|outputs| wrong_length(1, outputs.len()))?;
    Ok(output)
}

/// The consumer of a runner that has no consumer hooks.
///
/// # Errors
/// None.
#[inline]
pub fn collect<T>(collected: &mut Vec<T>, output: T) -> HookResult<ControlFlow<()>> {
    collected.push(output);
    Ok(ControlFlow::Continue(()))
}

/// Stands for the call of a hook that is defined twice. The compiler rejects the definitions.
#[must_use]
pub fn ambiguous<T>() -> T {
    unreachable!("a hook that is defined twice does not compile")
}

/// Leads from an array whose length is an error to the type that the compiler takes for any other, which stands for
/// what is not known because of a fault.
pub trait Unknown {
    type Type;
}

impl<const LENGTH: usize> Unknown for [(); LENGTH] {
    type Type = [(); LENGTH];
}

/// The same type, with the parameters of the block in use.
pub trait UnknownWith<Parameters> {
    type Type;
}

impl<T, Parameters> UnknownWith<Parameters> for T {
    type Type = T;
}

#[cfg(test)]
mod tests {
    use super::{ControlFlow, HookResult, Hooks, Ok, Worker, batch_of_one};

    /// Returns each item as often as it says.
    struct Repeated;

    impl Hooks for Repeated {
        const NAME: &'static str = "repeated";
        type Config = ();
        type Item = usize;
        type Output = usize;
        type ProducerState = usize;
        type ConsumerState = ();
        type Outcome = ();

        fn producer_init(_: &Worker, (): &()) -> HookResult<usize> {
            Ok(0)
        }
        fn producer_work((): &(), calls: &mut usize, item: usize) -> HookResult<usize> {
            batch_of_one::<Self>(&(), calls, item)
        }
        fn producer_batch((): &(), calls: &mut usize, items: Vec<usize>) -> HookResult<Vec<usize>> {
            *calls += 1;
            Ok(items.into_iter().flat_map(|item| vec![item; item]).collect())
        }
        fn consumer_init((): &()) -> HookResult<()> {
            Ok(())
        }
        fn consumer_work((): &(), (): &mut (), _: usize) -> HookResult<ControlFlow<()>> {
            Ok(ControlFlow::Continue(()))
        }
        fn consumer_end((): &(), (): ()) -> HookResult<()> {
            Ok(())
        }
    }

    #[test]
    fn one_item_is_a_batch_from_which_one_output_is_taken() {
        let mut calls = 0;
        let mut work =
            |item| Repeated::producer_work(&(), &mut calls, item).map_err(|error| error.to_string());
        assert_eq!(work(1), Ok(1));
        assert_eq!(work(0).expect_err("too few"), "a batch of 1 items was turned into 0 outputs");
        assert_eq!(work(2).expect_err("too many"), "a batch of 1 items was turned into 2 outputs");
        assert_eq!(calls, 3);
    }
}
