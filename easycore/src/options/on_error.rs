//! What a failing item does to its run. The policy alone; the ledger counts and asks it.

/// What a failing item does to its run: an item whose `producer_work` failed or panicked, or an `Err` item of
/// `try_run`, unless a [`Stream`](crate::Stream) ended with it.
///
/// A batch that fails counts as all of its items. Where a worker has a state and panics at one item after another, its device is
/// given up before long, whatever is tolerated here: see [`Options::restarts`](crate::Options::restarts).
///
/// # Example
///
/// ```
/// use easycore::{OnError, Options, parallel_runner};
///
/// #[parallel_runner]
/// impl Reciprocal {
///     fn producer_work(item: i32) -> Result<i32, &'static str> {
///         1_000_i32.checked_div(item).ok_or("no reciprocal")
///     }
/// }
///
/// let tolerant = Options::new().on_error(OnError::skip_rate(0.01, 100));
/// let mut reciprocal = Reciprocal::new(2).options(tolerant);
/// assert_eq!(reciprocal.run(-500..500)?.len(), 999);
/// assert_eq!(reciprocal.report().unwrap().skipped_items()[0].index, 500);
/// # Ok::<(), easycore::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnError(pub(super) Policy);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Policy {
    Stop,
    Skip { max: usize },
    SkipRate { rate: f64, min_items: usize },
}

impl OnError {
    /// The first failing item ends the run. The default.
    #[must_use]
    pub fn stop() -> Self {
        Self(Policy::Stop)
    }

    /// Up to `max` failing items are left out and listed in the [`Report`](crate::Report); one more ends the run. In
    /// ordered mode they are counted in input order.
    #[must_use]
    pub fn skip(max: usize) -> Self {
        Self(Policy::Skip { max })
    }

    /// Failing items are left out while they are at most `rate` (0.0 to 1.0) of the items finished so far, judged
    /// whenever an item fails once at least `min_items` have been finished, and at the end of the run: its error then names no
    /// item, and is of the kind of the first that failed. Fewer items than `min_items` are not judged, so that they may all fail.
    #[must_use]
    pub fn skip_rate(rate: f64, min_items: usize) -> Self {
        Self(Policy::SkipRate { rate, min_items })
    }

    /// Whether a run may leave out one more item, which makes `skipped` of `finished`.
    pub(crate) fn tolerates(self, skipped: usize, finished: usize) -> bool {
        match self.0 {
            Policy::Stop => false,
            Policy::Skip { max } => skipped <= max,
            #[expect(clippy::cast_precision_loss, reason = "a rate of counts above 2^52 needs no last digit")]
            Policy::SkipRate { rate, min_items } => {
                finished < min_items || skipped as f64 <= rate * finished as f64
            }
        }
    }

    /// Why a run that [`tolerates`](Self::tolerates) some failures does not tolerate one of so many items that would make `skipped`
    /// of `finished`.
    pub(crate) fn verdict(self, items: usize, skipped: usize, finished: usize) -> Option<String> {
        match self.0 {
            Policy::Stop | Policy::Skip { max: 0 } => None,
            Policy::Skip { max } => {
                let before = skipped - items;
                let enough = if before == max { "as many as" } else { "and with it there are more than" };
                Some(format!("{before} were skipped before, {enough} `OnError::skip({max})` tolerates"))
            }
            Policy::SkipRate { rate, min_items } => Some(format!(
                "with it {skipped} of {finished} had failed, more than `OnError::skip_rate({rate}, {min_items})` tolerates"
            )),
        }
    }

    /// Why a run that has `skipped` so many of the items it `finished` is not tolerated after all.
    pub(crate) fn verdict_on_all(self, skipped: usize, finished: usize) -> Option<String> {
        let Policy::SkipRate { rate, min_items } = self.0 else { return None };
        Some(format!(
            "{skipped} of {finished} items failed, more than `OnError::skip_rate({rate}, {min_items})` tolerates: the report lists them"
        ))
    }

    /// Whether the first failure is certain to end the run, so that a worker need not wait for the verdict.
    pub(crate) fn stops_at_first(self) -> bool {
        matches!(self.0, Policy::Stop | Policy::Skip { max: 0 })
    }
}
