//! Puts numbered values that arrive in any order back in line. A pure data structure: what bounds it is the window,
//! whose slots are taken before a number is given out.

use std::collections::VecDeque;

/// Values by consecutive numbers, from 0, of which the front one may still be missing.
#[derive(Debug)]
pub(crate) struct Reorder<T> {
    head: u64,
    slots: VecDeque<Option<T>>,
}

impl<T> Reorder<T> {
    pub(crate) fn new() -> Self {
        Self { head: 0, slots: VecDeque::new() }
    }

    /// The number of the value that comes out next.
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// Takes in the value of a number that has not been in before.
    pub(crate) fn insert(&mut self, number: u64, value: T) {
        let offset =
            usize::try_from(number - self.head).expect("the window is far smaller than the address space");
        if offset >= self.slots.len() {
            self.slots.resize_with(offset + 1, || None);
        }
        self.slots[offset] = Some(value);
    }

    /// Takes out the value of the number at the head, if it has arrived.
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.slots.front_mut()?.take().inspect(|_| {
            self.slots.pop_front();
            self.head += 1;
        })
    }
}
