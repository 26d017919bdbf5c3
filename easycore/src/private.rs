//! What the expansion of [`parallel_runner`](macro@crate::parallel_runner) refers to: names that the user's own cannot
//! shadow, and traits by which the compiler judges whether the hooks agree. Not for use by hand, and not stable.

use std::error::Error as StdError;

pub use std::convert::Into;
pub use std::fmt::{Debug, Formatter, Result as FormatResult};
pub use std::iter::IntoIterator;
pub use std::marker::{PhantomData, Send};
pub use std::ops::ControlFlow;
pub use std::option::Option;
pub use std::result::Result::{self, Ok};
pub use std::vec::Vec;

pub use crate::{
    Canceller, Error, FromWorker, HookError, Hooks, IntoDevices, Options, Order, Report, Runner, Stream,
    Worker,
};

/// What a function of [`Hooks`] returns.
pub type HookResult<T> = Result<T, HookError>;

/// The hooks as types, so that a message can name them.
#[allow(non_camel_case_types, reason = "a message shows them as they are, and hooks are functions")]
pub mod hook {
    #[derive(Debug)]
    pub enum producer_init {}
    #[derive(Debug)]
    pub enum producer_work {}
    #[derive(Debug)]
    pub enum producer_end {}
    #[derive(Debug)]
    pub enum consumer_init {}
    #[derive(Debug)]
    pub enum consumer_work {}
    #[derive(Debug)]
    pub enum consumer_end {}
}

/// A hook's `&C` is the runner's config.
#[diagnostic::on_unimplemented(
    message = "`{Hook}` takes `{Self}`, but its config is `&{C}`",
    label = "write `&{C}`"
)]
pub trait TakesConfig<'c, Hook, C> {
    fn take(config: &'c C) -> Self;
}

impl<'c, Hook, C> TakesConfig<'c, Hook, C> for &'c C {
    #[inline]
    fn take(config: &'c C) -> Self {
        config
    }
}

/// A hook's `&mut S` is the state that `Maker` has made.
#[diagnostic::on_unimplemented(
    message = "`{Hook}` takes `{Self}`, but `{Maker}` returns `{S}`",
    label = "write `&mut {S}`"
)]
pub trait TakesState<'s, Hook, Maker, S> {
    fn take(state: &'s mut S) -> Self;
}

impl<'s, Hook, Maker, S> TakesState<'s, Hook, Maker, S> for &'s mut S {
    #[inline]
    fn take(state: &'s mut S) -> Self {
        state
    }
}

/// What a hook takes by value is what `Maker` has made.
#[diagnostic::on_unimplemented(
    message = "`{Hook}` takes `{Self}`, but `{Maker}` returns `{T}`",
    label = "write `{T}`"
)]
pub trait TakesValue<Hook, Maker, T> {
    fn take(value: T) -> Self;
}

impl<Hook, Maker, T> TakesValue<Hook, Maker, T> for T {
    #[inline]
    fn take(value: T) -> Self {
        value
    }
}

/// A hook's return type whose last segment is `Result`, taken apart.
#[diagnostic::on_unimplemented(
    message = "a hook that returns `{Self}` is taken to be fallible, but that is not `core::result::Result`",
    label = "not `core::result::Result`",
    note = "return another type by a name that does not end in `Result`"
)]
pub trait Fallible {
    type Value;
    type Failure;
    fn into_result(self) -> Result<Self::Value, Self::Failure>;
}

#[diagnostic::do_not_recommend]
impl<T, E> Fallible for Result<T, E> {
    type Value = T;
    type Failure = E;
    #[inline]
    fn into_result(self) -> Self {
        self
    }
}

/// What a hook may fail with.
#[diagnostic::on_unimplemented(
    message = "`{Hook}` fails with `{Self}`, which is not an error",
    label = "not an error",
    note = "use a type that implements `std::error::Error`, or `String`, or `Box<dyn Error + Send + Sync>`"
)]
pub trait Failure<Hook> {
    fn into_error(self) -> HookError;
}

#[diagnostic::do_not_recommend]
impl<Hook, E: Into<Box<dyn StdError + Send + Sync>>> Failure<Hook> for E {
    fn into_error(self) -> HookError {
        self.into()
    }
}

/// The result of a fallible hook.
#[inline]
pub fn fallible<Hook, R>(result: R) -> HookResult<R::Value>
where
    R: Fallible,
    R::Failure: Failure<Hook>,
{
    result.into_result().map_err(Failure::into_error)
}

/// What a hook may return when nobody is there to take a value.
#[diagnostic::on_unimplemented(
    message = "`{Hook}` returns `{Self}`, but nobody takes it",
    label = "return nothing, or `Result<(), E>`"
)]
pub trait ReturnsNothing<Hook> {
    fn nothing(self);
}

impl<Hook> ReturnsNothing<Hook> for () {
    #[inline]
    fn nothing(self) {}
}

/// What says whether a run goes on.
#[diagnostic::on_unimplemented(
    message = "`{Hook}` returns `{Self}`, but it can only say whether to go on",
    label = "return nothing, `ControlFlow<()>`, or a `Result` of either"
)]
pub trait ReturnsFlow<Hook> {
    fn flow(self) -> ControlFlow<()>;
}

impl<Hook> ReturnsFlow<Hook> for () {
    #[inline]
    fn flow(self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl<Hook> ReturnsFlow<Hook> for ControlFlow<()> {
    #[inline]
    fn flow(self) -> ControlFlow<()> {
        self
    }
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

/// The type of what is not known because of a fault; see the macro's `expand/faulty.rs`.
pub trait Unknown {
    type Type;
}

impl<const LENGTH: usize> Unknown for [(); LENGTH] {
    type Type = [(); LENGTH];
}
