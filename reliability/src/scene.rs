//! A job with one fault in it, which counts what becomes of its items and of the workers' states.

use std::fmt;
use std::hint;
use std::iter;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

/// How many workers everybody gets.
pub const WORKERS: usize = 4;

/// The item, or the number of the output, at which the fault lies.
pub const FAULTY: usize = 500;

/// How many outputs the slow consumer takes before it has enough.
pub const SLOW_OUTPUTS: usize = 200;

/// How long an item is worked.
const WORK: Duration = Duration::from_micros(20);

/// How long the slow consumer takes for an output.
const SLOW: Duration = Duration::from_millis(2);

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The work of one item panics.
    WorkPanics,
    /// The work of one item returns an error.
    WorkFails,
    /// The input panics instead of yielding an item.
    InputPanics,
    /// The consumer panics at an output.
    ConsumerPanics,
    /// The consumer has enough after some outputs.
    ConsumerLeaves,
    /// The consumer takes a hundred times as long as a worker, and has enough after [`SLOW_OUTPUTS`].
    ConsumerIsSlow,
    /// The second state that is made for a worker panics.
    SecondStatePanics,
}

/// What an item that fails returns. It does not know which item it belongs to, as such errors do not.
#[derive(Debug)]
pub struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

/// The job. It lives as long as its process.
#[derive(Debug)]
pub struct Scene {
    /// `None` if the input has no end.
    pub items: Option<usize>,
    fault: Fault,
    repaired: AtomicBool,
    pulled: AtomicUsize,
    worked: AtomicUsize,
    consumed: AtomicUsize,
    made: AtomicUsize,
    ended: AtomicUsize,
    most_in_flight: AtomicUsize,
}

/// What has been counted so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Items that the input has yielded.
    pub pulled: usize,
    /// Items whose work has begun.
    pub worked: usize,
    /// Outputs that the consumer has taken.
    pub consumed: usize,
    /// States that have been made for workers.
    pub made: usize,
    /// States that have not been dropped.
    pub living: usize,
    /// The most items at once that were pulled and not consumed.
    pub most_in_flight: usize,
}

/// What a worker keeps: the books are told when it is dropped.
#[derive(Debug)]
pub struct Seat(&'static Scene);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, SeqCst);
    }
}

impl Scene {
    /// A job over so many items, or endlessly many, with a fault.
    #[must_use]
    pub fn new(items: Option<usize>, fault: Fault) -> &'static Self {
        let zero = || AtomicUsize::new(0);
        Box::leak(Box::new(Self {
            items,
            fault,
            repaired: AtomicBool::new(false),
            pulled: zero(),
            worked: zero(),
            consumed: zero(),
            made: zero(),
            ended: zero(),
            most_in_flight: zero(),
        }))
    }

    /// Takes the fault away, and counts items from none again.
    pub fn repair(&self) {
        self.repaired.store(true, SeqCst);
        for counter in [&self.pulled, &self.worked, &self.consumed, &self.most_in_flight] {
            counter.store(0, SeqCst);
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault && !self.repaired.load(SeqCst)
    }

    /// How many items there are, for whoever has to know.
    #[must_use]
    pub fn count(&self) -> usize {
        self.items.unwrap_or(usize::MAX)
    }

    /// The items, as an iterator that is asked one by one.
    pub fn input(&'static self) -> impl Iterator<Item = usize> + Send + 'static {
        let mut next = 0;
        iter::from_fn(move || {
            let item = Some(next).filter(|item| *item < self.count())?;
            next += 1;
            Some(self.pull(item))
        })
    }

    /// What the input does for an item.
    ///
    /// # Panics
    /// If that is the fault.
    pub fn pull(&self, item: usize) -> usize {
        assert!(!(item == FAULTY && self.has(Fault::InputPanics)), "boom");
        let in_flight = (self.pulled.fetch_add(1, SeqCst) + 1).saturating_sub(self.consumed.load(SeqCst));
        self.most_in_flight.fetch_max(in_flight, SeqCst);
        item
    }

    /// Makes a worker's state.
    ///
    /// # Panics
    /// If that is the fault.
    pub fn seat(&'static self) -> Seat {
        let serial = self.made.fetch_add(1, SeqCst);
        if serial == 1 && self.has(Fault::SecondStatePanics) {
            self.ended.fetch_add(1, SeqCst);
            panic!("boom");
        }
        Seat(self)
    }

    /// Turns an item into an output.
    ///
    /// # Errors
    /// If that is the fault.
    ///
    /// # Panics
    /// If that is the fault.
    pub fn work(&self, _seat: &mut Seat, item: usize) -> Result<usize, Refused> {
        self.worked.fetch_add(1, SeqCst);
        let begin = Instant::now();
        while begin.elapsed() < WORK {
            hint::spin_loop();
        }
        assert!(!(item == FAULTY && self.has(Fault::WorkPanics)), "boom");
        if item == FAULTY && self.has(Fault::WorkFails) { Err(Refused) } else { Ok(item) }
    }

    /// Takes an output, and tells whether that was enough.
    ///
    /// # Panics
    /// If that is the fault.
    pub fn consume(&self, _output: usize) -> ControlFlow<()> {
        let consumed = self.consumed.fetch_add(1, SeqCst) + 1;
        if self.has(Fault::ConsumerIsSlow) {
            thread::sleep(SLOW);
        }
        assert!(!(consumed == FAULTY && self.has(Fault::ConsumerPanics)), "boom");
        let is_enough = (consumed == FAULTY && self.has(Fault::ConsumerLeaves))
            || (consumed == SLOW_OUTPUTS && self.has(Fault::ConsumerIsSlow));
        if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// What has been counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let (ended, made) = (self.ended.load(SeqCst), self.made.load(SeqCst));
        Counts {
            pulled: self.pulled.load(SeqCst),
            worked: self.worked.load(SeqCst),
            consumed: self.consumed.load(SeqCst),
            made,
            living: made.saturating_sub(ended),
            most_in_flight: self.most_in_flight.load(SeqCst),
        }
    }
}
