//! A value kept on the stack of a loop for as long as the loop takes.

/// Takes a value out of its home and puts it back when dropped, so also when a panic passes.
///
/// What a loop reaches through a reference has to be in memory after every call that the optimiser cannot see through. A
/// value on loan has no other address, so that it can stay in registers.
#[derive(Debug)]
pub(crate) struct Loan<'h, T> {
    home: &'h mut Option<T>,
    here: Option<T>,
}

impl<'h, T> Loan<'h, T> {
    /// Borrows what is in `home`, which must not be empty.
    #[inline]
    pub(crate) fn of(home: &'h mut Option<T>) -> Self {
        let here = home.take();
        assert!(here.is_some(), "nothing is lent twice");
        Self { home, here }
    }

    #[inline]
    pub(crate) fn get(&mut self) -> &mut T {
        self.here.as_mut().expect("it goes home only when the loan is dropped")
    }
}

impl<T> Drop for Loan<'_, T> {
    #[inline]
    fn drop(&mut self) {
        *self.home = self.here.take();
    }
}
