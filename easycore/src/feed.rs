//! Items that have been pulled ahead and wait for their batch: when they came, and when they go out. Pure arithmetic.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A delay so long that it never ends, and still can be added to the time of day.
const FOREVER: Duration = Duration::from_hours(1_000_000);

/// The items that wait, by the time of their arrival.
#[derive(Debug)]
pub(crate) struct Feed {
    max: usize,
    delay: Duration,
    arrivals: VecDeque<Instant>,
    /// Whether more may come.
    open: bool,
}

impl Feed {
    pub(crate) fn new(max: usize, delay: Duration) -> Self {
        Self { max, delay: delay.min(FOREVER), arrivals: VecDeque::new(), open: true }
    }

    pub(crate) fn arrive(&mut self, now: Instant) {
        self.arrivals.push_back(now);
    }

    pub(crate) fn take(&mut self, items: usize) {
        self.arrivals.drain(..items);
    }

    pub(crate) fn close(&mut self) {
        self.open = false;
    }

    /// How many items go out now: a full batch, or what is left, or what has waited long enough; 0 if none do. In a
    /// `hurry` nothing waits for more.
    pub(crate) fn due(&self, now: Instant, hurry: bool) -> usize {
        let waiting = self.arrivals.len();
        let waits_no_more = hurry || !self.open || self.deadline().is_some_and(|deadline| deadline <= now);
        let goes_out = waiting >= self.max || waits_no_more;
        if goes_out { waiting.min(self.max) } else { 0 }
    }

    /// When the first item has waited long enough, if there is one.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.arrivals.front().map(|arrival| *arrival + self.delay)
    }

    /// Whether nothing waits and nothing more comes.
    pub(crate) fn is_exhausted(&self) -> bool {
        !self.open && self.arrivals.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Feed;

    #[test]
    fn items_wait_for_a_full_batch_or_for_the_end_of_their_delay_or_of_the_input() {
        let begun = Instant::now();
        let later = begun + Duration::from_secs(5);
        let mut feed = Feed::new(2, Duration::from_secs(5));
        assert_eq!((feed.due(later, false), feed.due(later, true)), (0, 0), "there is nothing");
        feed.arrive(begun);
        assert_eq!((feed.due(begun, false), feed.due(begun, true), feed.due(later, false)), (0, 1, 1));
        feed.arrive(begun);
        feed.arrive(begun);
        assert_eq!(feed.due(begun, false), 2, "full");
        feed.take(2);
        assert_eq!(feed.due(begun, false), 0);
        feed.close();
        assert_eq!(feed.due(begun, false), 1, "no more will come");
        assert!(!feed.is_exhausted());
        feed.take(1);
        assert!(feed.is_exhausted());
    }

    #[test]
    fn a_delay_may_be_as_long_as_can_be_said() {
        let mut feed = Feed::new(2, Duration::MAX);
        feed.arrive(Instant::now());
        assert!(feed.deadline().is_some_and(|deadline| deadline > Instant::now()));
        assert_eq!(feed.due(Instant::now(), false), 0);
    }
}
