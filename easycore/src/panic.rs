//! Panics of user code, caught and kept as text. Nothing here decides what a panic means for a run.

use std::any::Any;
use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::hooks::HookError;

/// A caught panic, as the [`source`](std::error::Error::source) of an [`Error`](crate::Error).
///
/// # Example
///
/// ```
/// use std::error::Error as _;
/// use easycore::{Panic, parallel_runner};
///
/// #[parallel_runner]
/// impl Fragile {
///     fn producer_work(item: u32) -> u32 {
///         assert!(item != 7, "seven again");
///         item
///     }
/// }
///
/// let error = Fragile::new(2).run(0..10).unwrap_err();
/// assert!(error.is_panic());
/// let panic = error.source().and_then(|source| source.downcast_ref::<Panic>()).unwrap();
/// assert_eq!(panic.message(), "seven again");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panic {
    message: String,
}

impl Panic {
    /// Keeps the text of a payload and drops the payload; one whose `Drop` panics is leaked rather than let loose.
    pub(crate) fn from_payload(payload: Box<dyn Any + Send>) -> Self {
        let message = if let Some(text) = payload.downcast_ref::<&'static str>() {
            (*text).to_owned()
        } else if let Some(text) = payload.downcast_ref::<String>() {
            text.clone()
        } else {
            "a panic whose payload is not text".to_owned()
        };
        drop_quietly(payload);
        Self { message }
    }

    /// What the panic said.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Panic {}

/// Why a call of user code did not return a value.
#[derive(Debug)]
pub(crate) enum Cause {
    Error(HookError),
    Panic(Panic),
}

/// Calls user code that may fail or panic.
pub(crate) fn guard<T>(call: impl FnOnce() -> Result<T, HookError>) -> Result<T, Cause> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Cause::Error(error)),
        Err(payload) => Err(Cause::Panic(Panic::from_payload(payload))),
    }
}

/// Drops a value of a user's type; a panic of its `Drop` ends here.
pub(crate) fn drop_quietly<T>(value: T) {
    if !mem::needs_drop::<T>() {
        return;
    }
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value)))
        && let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        // There is no end to payloads that panic when they are dropped.
        mem::forget(second);
    }
}

/// A value of a user's type that is dropped quietly, whoever drops it.
#[derive(Debug)]
pub(crate) struct Quiet<T>(Option<T>);

impl<T> Quiet<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// The value, which is dropped like any other from now on.
    pub(crate) fn into_inner(mut self) -> T {
        self.0.take().expect("whoever takes it takes this with it")
    }
}

impl<T> DerefMut for Quiet<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("whoever takes it takes this with it")
    }
}

impl<T> Deref for Quiet<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("whoever takes it takes this with it")
    }
}

impl<T> Drop for Quiet<T> {
    fn drop(&mut self) {
        drop_quietly(self.0.take());
    }
}

/// Drops values of a user's type one by one and returns how many there were. Dropping them together would abort the
/// process if two of them panicked.
pub(crate) fn drop_all_quietly<T>(values: impl ExactSizeIterator<Item = T>) -> usize {
    let count = values.len();
    values.for_each(drop_quietly);
    count
}
