//! What a run came to.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use easycore::{Error, Report};

/// How a run ended.
#[derive(Debug)]
pub enum Ended<O> {
    /// With its outputs.
    Well(Vec<O>),
    /// With an error.
    Badly(Error),
    /// With a panic of this payload.
    Unwound(Box<dyn Any + Send>),
}

impl<O> Ended<O> {
    /// Runs it.
    pub fn of(run: impl FnOnce() -> Result<Vec<O>, Error>) -> Self {
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(outputs)) => Self::Well(outputs),
            Ok(Err(error)) => Self::Badly(error),
            Err(payload) => Self::Unwound(payload),
        }
    }
}

/// What the report of a run says of its items.
#[derive(Debug)]
pub struct Accounts {
    /// [`Report::pulled`]
    pub pulled: usize,
    /// [`Report::consumed`]
    pub consumed: usize,
    /// [`Report::skipped_items`], by their positions.
    pub skipped: Vec<Range<usize>>,
    /// [`Report::failed`]
    pub failed: usize,
    /// [`Report::discarded`]
    pub discarded: usize,
}

impl Accounts {
    /// What `report` says, of a run that skips less than a report lists.
    ///
    /// # Panics
    /// If it lists other than it counts.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let skipped = report.skipped_items().iter().map(|item| item.index..item.index + item.count);
        let accounts = Self {
            pulled: report.pulled(),
            consumed: report.consumed(),
            skipped: skipped.collect(),
            failed: report.failed(),
            discarded: report.discarded(),
        };
        assert_eq!(accounts.skipped(), report.skipped(), "{accounts:?}");
        accounts
    }

    /// How many items were skipped.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped.iter().map(ExactSizeIterator::len).sum()
    }

    /// Whether every pulled item is accounted for.
    #[must_use]
    pub fn balance(&self) -> bool {
        self.pulled == self.consumed + self.skipped() + self.failed + self.discarded
    }
}
