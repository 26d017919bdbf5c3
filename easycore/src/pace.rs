//! How large a chunk and the window are, from what pulling and work have taken so far. Pure arithmetic.

use std::time::Duration;

use crate::options::{Chunk, Options};

/// A chunk is worth a hand-off if it holds about this much pulling and work.
const CHUNK_TIME: Duration = Duration::from_micros(100);

/// The window holds this much pulling and work for each worker: the consumer, which shares a core with a worker when
/// there are as many workers as cores, may be scheduled milliseconds late.
const WINDOW_TIME: Duration = Duration::from_millis(10);

/// No automatic window holds more items than this, where they take room in a buffer.
const MAX_WINDOW: usize = 524_288;

/// No automatic chunk holds more items, or more bytes of items or outputs, than this, so that it stays in a cache.
const MAX_CHUNK: usize = 8_192;
const MAX_CHUNK_BYTES: usize = 65_536;

/// How many brisk items are worked before the worker asks whether the next ones are still wanted.
pub(crate) const BLOCK: usize = 16;

/// Items are brisk if a block of them takes less than this: so long may a worker go on when the end of its run has been decided.
const BLOCK_TIME: Duration = Duration::from_micros(1);

/// How much the newest chunk counts in the running mean of an item's cost.
const NEWEST_SHARE: f64 = 0.25;

/// A chunk counts as no dearer than so many times the mean: one that took far longer was most likely waiting for a core, and a
/// window that shrank for it would have all workers wait.
const MOST_OF_MEAN: f64 = 2.0;

/// No item takes fewer nanoseconds, whatever a clock says.
const LEAST_COST: f64 = 0.1;

/// While a slow worker has a chunk, the window lets each other worker get no more than so many done: a device that is slower still
/// contributes next to nothing, and what waits behind its chunk takes memory.
const MOST_AHEAD: f64 = 64.0;

/// The chunk and window sizes of a run.
#[derive(Debug)]
pub(crate) struct Pace {
    workers: usize,
    batch: usize,
    queue_scale: f64,
    explicit_window: Option<usize>,
    max_window: usize,
    automatic_chunk: bool,
    max_chunk: usize,
    chunk: usize,
    window: usize,
    /// Mean nanoseconds of pulling and work for an item, once there is a measurement.
    cost: Option<f64>,
    /// The same for each worker, where it matters; otherwise there are none.
    cost_of: Vec<Option<f64>>,
}

impl Pace {
    /// A chunk is a multiple of `batch` items. `buffered` is how many bytes an item or an output, whichever is larger,
    /// takes in a buffer.
    pub(crate) fn new(options: &Options, workers: usize, batch: usize, buffered: usize) -> Self {
        let (automatic_chunk, chunk) = match options.chunk {
            Chunk::Auto => (true, batch),
            Chunk::Exactly(items) => (false, items),
        };
        // Two chunks for each worker, so that an explicit window does not make workers take turns.
        let max_window = if buffered == 0 { usize::MAX } else { MAX_WINDOW };
        let shared = (options.window.unwrap_or(max_window) / workers.saturating_mul(2)).max(1);
        let mut pace = Self {
            workers,
            batch,
            queue_scale: options.queue_scale,
            explicit_window: options.window,
            max_window,
            automatic_chunk,
            max_chunk: cached_items(buffered).min(shared).max(batch),
            chunk,
            window: 0,
            cost: None,
            cost_of: Vec::new(),
        };
        pace.window = pace.fitting_window();
        pace
    }

    /// Has the window make up for workers of unlike speed, where the order has the fast ones wait for the slow.
    pub(crate) fn with_unlike_workers(mut self) -> Self {
        self.cost_of = vec![None; self.workers];
        self
    }

    /// Whether chunks are sized by time.
    pub(crate) fn is_automatic(&self) -> bool {
        self.automatic_chunk
    }

    /// How many items to take next.
    pub(crate) fn chunk(&self) -> usize {
        self.chunk
    }

    /// How many items a batch holds.
    pub(crate) fn batch(&self) -> usize {
        self.batch
    }

    /// So many items, rounded down to whole batches.
    pub(crate) fn whole_batches(&self, items: usize) -> usize {
        items - items % self.batch
    }

    /// How many items may be pulled and not yet consumed.
    pub(crate) fn window(&self) -> usize {
        self.window
    }

    /// How many items may wait for the consumer when a worker is woken while others are at work: one that was woken for each chunk
    /// that the consumer gives back would be asleep again after it, and on its way most of the time.
    pub(crate) fn tolerable_backlog(&self) -> usize {
        self.explicit_window.unwrap_or(self.window / 4)
    }

    /// Whether items take so little that a flag read for each would show.
    pub(crate) fn is_brisk(&self) -> bool {
        self.cost.is_some_and(|cost| BLOCK <= items_in(BLOCK_TIME, cost))
    }

    /// Learns that `items` took `worker` this `time` to pull and work.
    pub(crate) fn record(&mut self, worker: usize, items: usize, time: Duration) {
        if items == 0 {
            return;
        }
        let newest = time.as_secs_f64() * 1e9 / to_float(items);
        let cost = follow(self.cost, newest);
        self.cost = Some(cost);
        if let Some(cost) = self.cost_of.get_mut(worker) {
            *cost = Some(follow(*cost, newest));
        }
        if self.automatic_chunk {
            let wanted = items_in(CHUNK_TIME, cost).clamp(self.batch, self.max_chunk);
            // Growth is gradual: the first items of a run say little about the rest.
            self.chunk = self.whole_batches(wanted.min(self.chunk.saturating_mul(2)));
        }
        self.window = self.fitting_window();
    }

    fn fitting_window(&self) -> usize {
        if let Some(window) = self.explicit_window {
            return window;
        }
        let queued = to_count((self.queue_scale * to_float(self.chunk)).ceil()).max(self.chunk);
        let timed = self.cost.map_or(0, |cost| items_in(WINDOW_TIME, cost));
        let ahead = to_count(self.chunks_ahead() * to_float(self.chunk));
        let wanted = queued.max(timed).saturating_mul(self.workers).saturating_add(ahead);
        wanted.min(self.max_window.max(self.chunk))
    }

    /// How many chunks the faster workers get done, beyond one each, while the slowest is at one.
    fn chunks_ahead(&self) -> f64 {
        let costs = || self.cost_of.iter().flatten().map(|cost| cost.max(LEAST_COST));
        let slowest = costs().fold(LEAST_COST, f64::max);
        costs().map(|cost| (slowest / cost).min(MOST_AHEAD) - 1.0).sum()
    }
}

/// The mean cost of an item, now that the `newest` ones are known.
fn follow(mean: Option<f64>, newest: f64) -> f64 {
    mean.map_or(newest, |mean| mean + NEWEST_SHARE * (newest.min(MOST_OF_MEAN * mean) - mean))
}

/// How many items of so many bytes an automatic chunk holds at the most. What takes no room in a buffer is bounded by the
/// window alone.
pub(crate) fn cached_items(item_size: usize) -> usize {
    MAX_CHUNK_BYTES.checked_div(item_size).map_or(usize::MAX, |items| items.clamp(1, MAX_CHUNK))
}

fn items_in(time: Duration, cost: f64) -> usize {
    to_count(time.as_secs_f64() * 1e9 / cost.max(LEAST_COST))
}

#[expect(clippy::cast_precision_loss, reason = "an estimate of a size needs no last digit")]
fn to_float(count: usize) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "casts of floats saturate, and every caller's value is positive"
)]
fn to_count(value: f64) -> usize {
    value as usize
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Pace, cached_items};
    use crate::options::{Chunk, Options};

    /// The pace of two workers and of items that take 8 bytes in a buffer.
    fn of_two(options: &Options, batch: usize) -> Pace {
        Pace::new(options, 2, batch, 8)
    }

    fn nanoseconds(count: u64) -> Duration {
        Duration::from_nanos(count)
    }

    #[test]
    fn a_chunk_doubles_until_it_takes_its_time() {
        let mut pace = of_two(&Options::new(), 1);
        let grown = |_| {
            pace.record(0, 10, nanoseconds(97_000));
            pace.chunk()
        };
        assert_eq!(
            (0..6).map(grown).collect::<Vec<_>>(),
            [2, 4, 8, 10, 10, 10],
            "100 µs hold 10.3 items of 9.7 µs"
        );
        pace.record(0, 10, nanoseconds(1_000_000_000));
        assert_eq!(pace.chunk(), 8, "the mean grows by a quarter at the most");
    }

    #[test]
    fn the_mean_follows_the_newest_chunk_by_a_quarter_and_no_dearer_one_than_twice_the_mean() {
        let window_after = |newest| {
            let mut pace = of_two(&Options::new(), 1);
            pace.record(0, 10, nanoseconds(10_300));
            pace.record(0, 10, nanoseconds(newest));
            pace.window()
        };
        assert_eq!(window_after(10_300), 2 * 9_708, "10 ms for each worker hold 9,708.7 items of 1,030 ns");
        assert_eq!(window_after(5_300), 2 * 11_049, "905 ns");
        assert_eq!(window_after(15_300), 2 * 8_658, "1,155 ns");
        assert_eq!(window_after(900_000), 2 * 7_766, "1,287.5 ns");
    }

    #[test]
    fn nothing_is_learnt_from_a_chunk_without_items() {
        let mut pace = of_two(&Options::new(), 1);
        pace.record(0, 1, nanoseconds(1_030));
        let before = (pace.chunk(), pace.window());
        pace.record(0, 0, nanoseconds(1));
        assert_eq!((pace.chunk(), pace.window()), before);
    }

    #[test]
    fn before_anything_is_known_the_window_holds_some_chunks_for_each_worker() {
        let options = Options::new().chunk(Chunk::Exactly(3));
        assert_eq!(of_two(&options.clone().queue_scale(2.5), 1).window(), 2 * 8, "7.5 items, rounded up");
        assert_eq!(of_two(&options.queue_scale(0.1), 1).window(), 2 * 3, "a chunk at the least");
    }

    #[test]
    fn what_is_said_explicitly_holds_whatever_is_measured() {
        let mut pace = of_two(&Options::new().chunk(Chunk::Exactly(3)).window(40), 1);
        pace.record(0, 1, nanoseconds(1));
        assert_eq!(
            (pace.is_automatic(), pace.chunk(), pace.window(), pace.tolerable_backlog()),
            (false, 3, 40, 40)
        );
        let mut pace = of_two(&Options::new().window(40), 1);
        for _ in 0..9 {
            pace.record(0, 1, nanoseconds(1));
        }
        assert_eq!(
            (pace.is_automatic(), pace.chunk()),
            (true, 10),
            "two chunks for each worker fit the window"
        );
    }

    #[test]
    fn an_automatic_window_is_bounded_where_items_take_room() {
        let mut pace = of_two(&Options::new(), 1);
        pace.record(0, 1, Duration::ZERO);
        assert_eq!((pace.window(), pace.tolerable_backlog()), (524_288, 131_072));
        let huge = Options::new().chunk(Chunk::Exactly(600_000));
        assert_eq!(of_two(&huge, 1).window(), 600_000, "a chunk fits all the same");
        let mut roomless = Pace::new(&Options::new(), 2, 1, 0);
        roomless.record(0, 1, Duration::ZERO);
        assert!(roomless.window() > 524_288);
    }

    /// The window of one worker for each of these milliseconds an item.
    fn window_of_unlike(costs: &[u64]) -> usize {
        let options = Options::new().chunk(Chunk::Exactly(2));
        let mut pace = Pace::new(&options, costs.len(), 1, 8).with_unlike_workers();
        for (worker, cost) in costs.iter().enumerate() {
            pace.record(worker, 1, Duration::from_millis(*cost));
        }
        pace.window()
    }

    #[test]
    fn a_window_has_room_for_what_fast_workers_do_while_a_slow_one_has_a_chunk() {
        assert_eq!(window_of_unlike(&[100, 100, 100]), 3 * 6, "three chunks of two items each");
        assert_eq!(
            window_of_unlike(&[1_000, 100, 100]),
            3 * 6 + 2 * 2 * 9,
            "nine chunks more of each fast one"
        );
        assert_eq!(window_of_unlike(&[250, 500, 100]), 3 * 6 + 2 * (1 + 4));
        assert_eq!(window_of_unlike(&[1_000_000, 100]), 2 * 6 + 2 * 63, "there is a limit");
        let mut pace = Pace::new(&Options::new(), 2, 1, 8);
        pace.record(0, 1, Duration::from_secs(1));
        pace.record(1, 1, Duration::from_millis(100));
        assert_eq!(pace.window(), 2 * 3, "nobody waits for the slow one");
    }

    #[test]
    fn a_window_that_makes_up_for_slow_workers_is_bounded_and_follows_what_they_take() {
        let mut pace = of_two(&Options::new(), 1).with_unlike_workers();
        pace.record(0, 1, Duration::from_millis(100));
        assert_eq!(pace.window(), 2 * 3, "of the other nothing is known");
        pace.record(1, 1, Duration::from_millis(400));
        assert_eq!(pace.window(), 2 * 3 + 3);
        pace.record(1, 1, Duration::ZERO);
        assert_eq!(pace.window(), 2 * 3 + 2, "300 ms");
        let huge = Options::new().chunk(Chunk::Exactly(300_000));
        let mut pace = of_two(&huge, 1).with_unlike_workers();
        pace.record(0, 1, Duration::ZERO);
        pace.record(1, 1, Duration::from_secs(1));
        assert_eq!(pace.window(), 524_288);
    }

    #[test]
    fn chunks_are_whole_batches() {
        let mut pace = of_two(&Options::new(), 4);
        assert_eq!((pace.batch(), pace.chunk(), pace.whole_batches(11)), (4, 4, 8));
        for _ in 0..3 {
            pace.record(0, 10, nanoseconds(97_000));
        }
        assert_eq!(pace.chunk(), 8, "10.3 items are worth a hand-off");
        pace.record(0, 1, nanoseconds(1_000_000_000));
        pace.record(0, 1, nanoseconds(1_000_000_000));
        pace.record(0, 1, nanoseconds(1_000_000_000));
        pace.record(0, 1, nanoseconds(1_000_000_000));
        assert_eq!(pace.chunk(), 4, "a batch at the least");
    }

    #[test]
    fn items_are_brisk_of_which_a_block_takes_less_than_a_microsecond() {
        let mut pace = of_two(&Options::new(), 1);
        assert!(!pace.is_brisk(), "nothing is known");
        pace.record(0, 1, nanoseconds(62));
        assert!(pace.is_brisk());
        let mut pace = of_two(&Options::new(), 1);
        pace.record(0, 1, nanoseconds(63));
        assert!(!pace.is_brisk());
    }

    #[test]
    fn an_automatic_chunk_stays_in_a_cache() {
        let items = [0, 1, 8, 100, 100_000].map(cached_items);
        assert_eq!(items, [usize::MAX, 8_192, 8_192, 655, 1]);
    }
}
