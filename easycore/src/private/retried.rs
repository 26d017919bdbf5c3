//! The items of a runner that tries failing ones again.

/// What can be tried again, because it can be copied beforehand.
#[diagnostic::on_unimplemented(
    message = "with `retries`, an item is copied to be tried again, but `{Self}` is not `Clone`",
    label = "derive `Clone` for it or wrap it in a type that has it, or drop the option `retries`"
)]
pub trait TriedAgain {
    #[must_use]
    fn copy(&self) -> Self;
}

impl<T: Clone> TriedAgain for T {
    #[inline]
    fn copy(&self) -> Self {
        self.clone()
    }
}
