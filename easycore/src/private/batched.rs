//! The types of a hook that works in batches. Two traits judge them, each in one place of the expansion only; everywhere
//! else they are taken apart by a third, which has nothing to say about types that have been found at fault.

/// The type by which `producer_work` takes a batch.
#[diagnostic::on_unimplemented(
    message = "with `batch`, `producer_work` takes `Vec<Item>`, not `{Self}`",
    label = "write `Vec<{Self}>`"
)]
pub trait BatchOfItems {
    const ONE: usize = 1;
}

#[diagnostic::do_not_recommend]
impl<T> BatchOfItems for Vec<T> {}

/// What `producer_work` makes of a batch.
#[diagnostic::on_unimplemented(
    message = "with `batch`, `producer_work` returns `Vec<Output>`, one for each item, not `{Self}`",
    label = "write `Vec<{Self}>`, or `Result<Vec<{Self}>, E>`"
)]
pub trait BatchOfOutputs {
    const ONE: usize = 1;
}

#[diagnostic::do_not_recommend]
impl<T> BatchOfOutputs for Vec<T> {}

/// A batch by what it holds. `Judged` is an array with an element for each judgement; where one is an error, so is the
/// length of the array, and nothing more is said about what depends on it.
pub trait Batched<Judged> {
    type Element;
    fn take(elements: Vec<Self::Element>) -> Self;
    fn give(self) -> Vec<Self::Element>;
}

#[diagnostic::do_not_recommend]
impl<T> Batched<[(); 2]> for Vec<T> {
    type Element = T;

    #[inline]
    fn take(elements: Self) -> Self {
        elements
    }

    #[inline]
    fn give(self) -> Self {
        self
    }
}
