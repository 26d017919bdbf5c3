//! How many items make a batch, and how long the first one waits for the others.

use std::num::NonZero;
use std::time::Duration;

use crate::hooks::HookError;

/// How items are put together for [`Hooks::producer_batch`](crate::Hooks::producer_batch).
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use easycore::Batch;
///
/// const FULL: Batch = Batch::new(32);
/// const PROMPT: Batch = Batch::new(32).delay(Duration::from_millis(5));
/// assert_eq!((FULL.max(), PROMPT.max()), (32, 32));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    max: NonZero<usize>,
    delay: Option<Duration>,
}

impl Batch {
    /// Batches of `max` items, however long they take to come together.
    ///
    /// # Panics
    /// If `max` is 0.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self { max: NonZero::new(max).expect("a batch holds at least one item"), delay: None }
    }

    /// A batch goes out when its first item has waited for `delay`, full or not.
    #[must_use]
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// How many items a batch holds at the most.
    #[must_use]
    pub const fn max(self) -> usize {
        self.max.get()
    }

    /// How long the first item waits, if there is a limit.
    pub(crate) fn first_waits(self) -> Option<Duration> {
        self.delay
    }
}

/// What is wrong with as many `outputs` for as many `items`.
pub(crate) fn wrong_length(items: usize, outputs: usize) -> HookError {
    format!("a batch of {items} items was turned into {outputs} outputs").into()
}
