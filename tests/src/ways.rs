//! Every way to run a job, chosen at run time.

use std::fmt;
use std::ops::ControlFlow;

use easycore::{Error, MergeHooks, Runner};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::Fallible;

/// A method to run a job with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `run`
    Run,
    /// `try_run`
    TryRun,
    /// `run_indexed`
    Indexed,
    /// `stream`
    Stream,
    /// `merging().run`
    Merging,
    /// `merging().try_run`
    MergingTry,
    /// `merging().run_indexed`
    MergingIndexed,
}

/// Whether a job takes its items in batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One by one.
    Single,
    /// In full batches.
    Batch,
    /// In batches that go out, full or not, after a time far shorter than a run.
    Prompt,
    /// In batches with a delay that never ends.
    Patient,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Run,
        Self::TryRun,
        Self::Indexed,
        Self::Stream,
        Self::Merging,
        Self::MergingTry,
        Self::MergingIndexed,
    ];

    /// Whether outputs are consumed on the workers, which takes an unordered job.
    #[must_use]
    pub fn merges(self) -> bool {
        matches!(self, Self::Merging | Self::MergingTry | Self::MergingIndexed)
    }

    /// Whether the input may yield `Err` items.
    #[must_use]
    pub fn takes_errors(self) -> bool {
        matches!(self, Self::TryRun | Self::MergingTry)
    }

    /// Whether the input is split, and iterated over by the workers.
    #[must_use]
    pub fn splits(self) -> bool {
        matches!(self, Self::Indexed | Self::MergingIndexed)
    }

    /// Runs the job over what `next` makes of `0..items`. The outputs of a stream go to `take`, which may end it; those of all
    /// other ways go to the hooks.
    ///
    /// # Errors
    /// What the run returns.
    ///
    /// # Panics
    /// Where the run does, and if `next` yields an error to a way that takes none.
    pub fn run<H, T, O>(
        self,
        runner: &mut Runner<H>,
        items: usize,
        next: impl Fn(usize) -> Fallible<T> + Send + Sync + 'static,
        mut take: impl FnMut(O) -> ControlFlow<()>,
    ) -> Result<Vec<O>, Error>
    where
        H: MergeHooks<Item = T, Output = O, Outcome = Vec<O>> + 'static,
        T: Send + 'static,
    {
        let sure = |item: Fallible<T>| item.expect("this way takes no errors");
        match self {
            Self::Run => runner.run((0..items).map(move |index| sure(next(index)))),
            Self::TryRun => runner.try_run((0..items).map(next)),
            Self::Indexed => {
                runner.run_indexed((0..items).into_par_iter().map(move |index| sure(next(index))))
            }
            Self::Merging => runner.merging().run((0..items).map(move |index| sure(next(index)))),
            Self::MergingTry => runner.merging().try_run((0..items).map(next)),
            Self::MergingIndexed => {
                runner.merging().run_indexed((0..items).into_par_iter().map(move |index| sure(next(index))))
            }
            Self::Stream => {
                for output in runner.stream((0..items).map(move |index| sure(next(index)))) {
                    if take(output?).is_break() {
                        break;
                    }
                }
                Ok(Vec::new())
            }
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Run => "run",
            Self::TryRun => "try_run",
            Self::Indexed => "run_indexed",
            Self::Stream => "stream",
            Self::Merging => "merging().run",
            Self::MergingTry => "merging().try_run",
            Self::MergingIndexed => "merging().run_indexed",
        })
    }
}

impl Shape {
    /// How many items a batch holds.
    pub const BATCH: usize = 4;

    /// How many items are worked together, at the most.
    #[must_use]
    pub fn most(self) -> usize {
        if self == Self::Single { 1 } else { Self::BATCH }
    }
}

/// Calls a function that is generic over the hooks of a [`Job`](crate::Job), with an order and a [`Shape`] that only the run
/// time knows.
#[macro_export]
macro_rules! in_shape {
    ($ordered:expr, $shape:expr, $call:ident($($argument:expr),*)) => {{
        const BATCH: usize = $crate::Shape::BATCH;
        const SOON: u64 = 100;
        const NEVER: u64 = u64::MAX;
        match ($ordered, $shape) {
            (true, $crate::Shape::Single) => $call::<true, 0, 0>($($argument),*),
            (true, $crate::Shape::Batch) => $call::<true, BATCH, 0>($($argument),*),
            (true, $crate::Shape::Prompt) => $call::<true, BATCH, SOON>($($argument),*),
            (true, $crate::Shape::Patient) => $call::<true, BATCH, NEVER>($($argument),*),
            (false, $crate::Shape::Single) => $call::<false, 0, 0>($($argument),*),
            (false, $crate::Shape::Batch) => $call::<false, BATCH, 0>($($argument),*),
            (false, $crate::Shape::Prompt) => $call::<false, BATCH, SOON>($($argument),*),
            (false, $crate::Shape::Patient) => $call::<false, BATCH, NEVER>($($argument),*),
        }
    }};
}
