//! The types that hooks return, taken apart, or judged by what becomes of the value.

use std::ops::ControlFlow;

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
impl<T, E> Fallible for Result<T, E> {
    type Value = T;
}

macro_rules! returns_nothing {
    ($name:ident, $what:literal, $message:literal) => {
        #[doc = $what]
        #[diagnostic::on_unimplemented(message = $message, label = "return nothing, or `Result<(), E>`")]
        pub trait $name {
            fn nothing(self);
        }

        #[diagnostic::do_not_recommend]
        impl $name for () {
            #[inline]
            fn nothing(self) {}
        }
    };
}

returns_nothing!(
    EndsOnly,
    "What `producer_end` may return, for nobody takes a value from it.",
    "`producer_end` returns `{Self}`, but nobody takes it"
);
returns_nothing!(
    MergesOnly,
    "What `consumer_merge` may return, for what it makes is in the state it merges into.",
    "`consumer_merge` returns `{Self}`, but nobody takes it"
);

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
