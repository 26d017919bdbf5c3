//! How often a worker was made anew in vain. Pure arithmetic.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// When a worker was made anew and has not worked an item since, as far as that still counts.
#[derive(Debug)]
pub(crate) struct Restarts {
    max: usize,
    within: Duration,
    recent: VecDeque<Instant>,
}

impl Restarts {
    pub(crate) fn new((max, within): (usize, Duration)) -> Self {
        Self { max, within, recent: VecDeque::new() }
    }

    /// Counts one more; `false` if that is one too many.
    pub(crate) fn allow(&mut self, now: Instant) -> bool {
        if self.max == usize::MAX {
            // Nothing is counted that never counts.
            return true;
        }
        while self.recent.front().is_some_and(|&then| now.saturating_duration_since(then) >= self.within) {
            self.recent.pop_front();
        }
        let allowed = self.recent.len() < self.max;
        if allowed {
            self.recent.push_back(now);
        }
        allowed
    }

    /// The worker has worked an item.
    pub(crate) fn forget(&mut self) {
        self.recent.clear();
    }

    /// Why a device is given up when no more is allowed, and what can be done about it.
    pub(crate) fn verdict(&self) -> String {
        format!(
            "its worker panicked before it had worked an item, also after {} restarts within {:?}; if the items are to blame, \
             allow more with `Options::restarts`, and if others can do without it, say so with `Options::min_devices`",
            self.max, self.within
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Restarts;

    #[test]
    fn so_many_are_allowed_within_so_long_unless_one_was_not_in_vain() {
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        let mut restarts = Restarts::new((2, Duration::from_mins(1)));
        assert!(restarts.allow(begun));
        assert!(restarts.allow(after(59)));
        assert!(!restarts.allow(after(59)));
        assert!(restarts.allow(after(60)), "the first is long ago");
        assert!(!restarts.allow(after(118)));
        restarts.forget();
        assert!(restarts.allow(after(118)));
    }
}
