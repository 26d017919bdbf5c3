//! The items that a worker has in hand, as far as they may have to be tried again: what to try with, how often they have failed,
//! and what becomes of them otherwise.

use std::ops::Range;

use crate::error::Error;
use crate::failed::FailedItem;
use crate::hooks::Hooks;
use crate::panic::{drop_all_quietly, drop_quietly};

/// What a worker has to know of attempts; nothing where the hooks have no retries.
pub(crate) struct Retry<H: Hooks> {
    /// To make the next attempt with: as many as there are items in hand, unless this attempt is their last.
    copies: Vec<H::Item>,
    /// How many attempts at the items in hand have failed.
    failures: usize,
    /// What becomes of the items in hand if there is no next attempt.
    failed: Option<FailedItem>,
    /// How many attempts have been made at items that had failed before.
    pub(crate) made: usize,
}

impl<H: Hooks> Retry<H> {
    pub(crate) fn new() -> Self {
        Self { copies: Vec::new(), failures: 0, failed: None, made: 0 }
    }

    /// Prepares for the failure of an attempt at these items. Copying is the user's code, and may panic.
    #[inline]
    pub(crate) fn prepare(&mut self, items: &[H::Item]) {
        if H::RETRIES == 0 || self.failures >= H::RETRIES {
            return;
        }
        for item in items {
            let Some(copy) = H::copy_item(item) else { break };
            self.copies.push(copy);
        }
    }

    /// The attempt has succeeded.
    #[inline]
    pub(crate) fn succeed(&mut self) {
        if H::RETRIES > 0 {
            self.forget();
        }
    }

    /// The attempt has failed: returns the failure if there is nothing to make another one with.
    pub(crate) fn fail(&mut self, items: Range<usize>, error: Error) -> Option<FailedItem> {
        let failed = FailedItem::new(items, error.after(self.failures + 1));
        if self.copies.len() == failed.count {
            self.failures += 1;
            self.failed = Some(failed);
            return None;
        }
        self.forget();
        Some(failed)
    }

    /// How many items wait for another attempt. That there are none without retries is known when this is compiled, so that
    /// nothing of another attempt is.
    #[inline]
    pub(crate) fn waiting(&self) -> usize {
        let failed = if H::RETRIES == 0 { None } else { self.failed.as_ref() };
        failed.map_or(0, |failed| failed.count)
    }

    /// Begins another attempt at the items that wait for it.
    pub(crate) fn begin(&mut self) -> Vec<H::Item> {
        drop_quietly(self.failed.take());
        self.made += 1;
        std::mem::take(&mut self.copies)
    }

    /// Makes no further attempt.
    pub(crate) fn give_up(&mut self) -> Option<FailedItem> {
        self.forget();
        self.failed.take()
    }

    fn forget(&mut self) {
        drop_all_quietly(self.copies.drain(..));
        self.failures = 0;
    }
}
