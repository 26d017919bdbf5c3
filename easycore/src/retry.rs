//! The items that a worker has in hand, as far as they may have to be tried again: what to try with, how often they have failed,
//! and what becomes of them otherwise.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crate::error::Error;
use crate::failed::FailedItem;
use crate::hooks::Hooks;
use crate::panic::{drop_all_quietly, drop_quietly};

/// What a worker has to know of attempts; nothing where the hooks have no retries.
pub(crate) struct Retry<H: Hooks> {
    pub(crate) in_hand: InHand<H::Item>,
    /// How many attempts have been made at items that had failed before.
    pub(crate) made: usize,
}

/// The items in hand.
#[derive(Debug)]
pub(crate) struct InHand<T> {
    /// To make the next attempt with: as many as there are items in hand, unless this attempt is their last.
    copies: Vec<T>,
    /// How many attempts at the items in hand have failed.
    failures: usize,
    /// What becomes of the items in hand if there is no next attempt.
    failed: Option<FailedItem>,
}

impl<T> Default for InHand<T> {
    fn default() -> Self {
        Self { copies: Vec::new(), failures: 0, failed: None }
    }
}

impl<T> InHand<T> {
    fn forget(&mut self) {
        drop_all_quietly(self.copies.drain(..));
        self.failures = 0;
    }
}

impl<H: Hooks> Retry<H> {
    pub(crate) fn new() -> Self {
        Self { in_hand: InHand::default(), made: 0 }
    }

    /// Prepares for the failure of an attempt at these items. Copying is the user's code; its panic is returned.
    #[inline]
    pub(crate) fn prepare(&mut self, items: &[H::Item]) -> thread::Result<()> {
        if H::RETRIES == 0 || self.in_hand.failures >= H::RETRIES {
            return Ok(());
        }
        let copies = &mut self.in_hand.copies;
        catch_unwind(AssertUnwindSafe(|| copies.extend(items.iter().map_while(H::copy_item))))
    }

    /// The attempt has succeeded.
    #[inline]
    pub(crate) fn succeed(&mut self) {
        if H::RETRIES > 0 {
            self.in_hand.forget();
        }
    }

    /// The attempt has failed: returns the failure if there is nothing to make another one with.
    pub(crate) fn fail(&mut self, items: Range<usize>, error: Error) -> Option<FailedItem> {
        let in_hand = &mut self.in_hand;
        let failed = FailedItem::new(items, error.after(in_hand.failures + 1));
        if in_hand.copies.len() == failed.count {
            in_hand.failures += 1;
            in_hand.failed = Some(failed);
            return None;
        }
        in_hand.forget();
        Some(failed)
    }

    /// How many items wait for another attempt. That there are none without retries is known when this is compiled, so that
    /// nothing of another attempt is.
    #[inline]
    pub(crate) fn waiting(&self) -> usize {
        let failed = if H::RETRIES == 0 { None } else { self.in_hand.failed.as_ref() };
        failed.map_or(0, |failed| failed.count)
    }

    /// Begins another attempt at the items that wait for it.
    pub(crate) fn begin(&mut self) -> Vec<H::Item> {
        drop_quietly(self.in_hand.failed.take());
        self.made += 1;
        std::mem::take(&mut self.in_hand.copies)
    }

    /// Makes no further attempt.
    pub(crate) fn give_up(&mut self) -> Option<FailedItem> {
        self.in_hand.forget();
        self.in_hand.failed.take()
    }
}
