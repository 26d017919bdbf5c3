//! What the expansion of [`parallel_runner`](macro@crate::parallel_runner) refers to: names that the user's own cannot
//! shadow, and traits by which the compiler judges whether the hooks agree. Not for use by hand, and not stable.

pub use std::convert::Into;
pub use std::fmt::{Debug, Formatter, Result as FormatResult};
pub use std::iter::IntoIterator;
pub use std::marker::{PhantomData, Send};
pub use std::ops::ControlFlow;
pub use std::option::Option;
pub use std::result::Result::Ok;
pub use std::vec::Vec;

pub use crate::{
    Canceller, FromWorker, HookError, Hooks, IntoDevices, Options, Order, Report, Runner, Stream, Worker,
};

/// What a method of the generated type returns.
pub type Result<T, E = crate::Error> = std::result::Result<T, E>;

/// What a function of [`Hooks`] returns.
pub type HookResult<T> = Result<T, HookError>;

macro_rules! hook {
    ($hook:ident, $config:literal, $failure:literal) => {
        /// What bears the name of the hook in a message.
        pub mod $hook {
            use super::{HookError, Into};

            /// The type by which the hook takes the config.
            #[diagnostic::on_unimplemented(message = $config, label = "write `&{C}`")]
            pub trait TakesConfig<'c, C> {
                fn take(config: &'c C) -> Self;
            }

            #[diagnostic::do_not_recommend]
            impl<'c, C> TakesConfig<'c, C> for &'c C {
                #[inline]
                fn take(config: &'c C) -> Self {
                    config
                }
            }

            /// What the hook may fail with.
            #[diagnostic::on_unimplemented(
                message = $failure,
                label = "not an error",
                note = "an error implements `std::error::Error`, or is a `String` or a `Box<dyn Error + Send + Sync>`"
            )]
            pub trait Failure {
                fn into_error(self) -> HookError;
            }

            #[diagnostic::do_not_recommend]
            impl<E: Into<HookError>> Failure for E {
                fn into_error(self) -> HookError {
                    self.into()
                }
            }
        }
    };
}

hook!(
    producer_init,
    "`producer_init` takes `{Self}`, but the config is `&{C}`",
    "`producer_init` fails with `{Self}`, which is not an error"
);
hook!(
    producer_work,
    "`producer_work` takes `{Self}`, but the config is `&{C}`",
    "`producer_work` fails with `{Self}`, which is not an error"
);
hook!(
    producer_end,
    "`producer_end` takes `{Self}`, but the config is `&{C}`",
    "`producer_end` fails with `{Self}`, which is not an error"
);
hook!(
    consumer_init,
    "`consumer_init` takes `{Self}`, but the config is `&{C}`",
    "`consumer_init` fails with `{Self}`, which is not an error"
);
hook!(
    consumer_work,
    "`consumer_work` takes `{Self}`, but the config is `&{C}`",
    "`consumer_work` fails with `{Self}`, which is not an error"
);
hook!(
    consumer_end,
    "`consumer_end` takes `{Self}`, but the config is `&{C}`",
    "`consumer_end` fails with `{Self}`, which is not an error"
);

/// The type by which `producer_work` takes its state.
#[diagnostic::on_unimplemented(
    message = "`producer_work` takes `{Self}`, but `producer_init` returns `{S}`",
    label = "write `&mut {S}`"
)]
pub trait WorkerState<'s, S> {
    fn take(state: &'s mut S) -> Self;
}

#[diagnostic::do_not_recommend]
impl<'s, S> WorkerState<'s, S> for &'s mut S {
    #[inline]
    fn take(state: &'s mut S) -> Self {
        state
    }
}

/// The type by which `consumer_work` takes its state.
#[diagnostic::on_unimplemented(
    message = "`consumer_work` takes `{Self}`, but `consumer_init` returns `{S}`",
    label = "write `&mut {S}`"
)]
pub trait RunState<'s, S> {
    fn take(state: &'s mut S) -> Self;
}

#[diagnostic::do_not_recommend]
impl<'s, S> RunState<'s, S> for &'s mut S {
    #[inline]
    fn take(state: &'s mut S) -> Self {
        state
    }
}

/// The type by which `producer_end` takes its state.
#[diagnostic::on_unimplemented(
    message = "`producer_end` takes `{Self}`, but `producer_init` returns `{S}`",
    label = "write `{S}`"
)]
pub trait LastWorkerState<S> {
    fn take(state: S) -> Self;
}

#[diagnostic::do_not_recommend]
impl<S> LastWorkerState<S> for S {
    fn take(state: S) -> Self {
        state
    }
}

/// The type by which `consumer_end` takes its state.
#[diagnostic::on_unimplemented(
    message = "`consumer_end` takes `{Self}`, but `consumer_init` returns `{S}`",
    label = "write `{S}`"
)]
pub trait LastRunState<S> {
    fn take(state: S) -> Self;
}

#[diagnostic::do_not_recommend]
impl<S> LastRunState<S> for S {
    fn take(state: S) -> Self {
        state
    }
}

/// The type by which `consumer_work` takes an output.
#[diagnostic::on_unimplemented(
    message = "`consumer_work` takes `{Self}`, but `producer_work` returns `{O}`",
    label = "write `{O}`"
)]
pub trait TakesOutput<O> {
    fn take(output: O) -> Self;
}

#[diagnostic::do_not_recommend]
impl<O> TakesOutput<O> for O {
    #[inline]
    fn take(output: O) -> Self {
        output
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
}

#[diagnostic::do_not_recommend]
impl<T, E> Fallible for std::result::Result<T, E> {
    type Value = T;
}

/// What `producer_end` may return, for nobody takes a value from it.
#[diagnostic::on_unimplemented(
    message = "`producer_end` returns `{Self}`, but nobody takes it",
    label = "return nothing, or `Result<(), E>`"
)]
pub trait ReturnsNothing {
    fn nothing(self);
}

#[diagnostic::do_not_recommend]
impl ReturnsNothing for () {
    #[inline]
    fn nothing(self) {}
}

/// What `consumer_work` may return: whether the run goes on.
#[diagnostic::on_unimplemented(
    message = "`consumer_work` returns `{Self}`, but it can only say whether to go on",
    label = "return nothing, `ControlFlow<()>`, or a `Result` of either"
)]
pub trait ReturnsFlow {
    fn flow(self) -> ControlFlow<()>;
}

#[diagnostic::do_not_recommend]
impl ReturnsFlow for () {
    #[inline]
    fn flow(self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

#[diagnostic::do_not_recommend]
impl ReturnsFlow for ControlFlow<()> {
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
