//! What stands in for `easycore/src/sync.rs`: the same names, on a model checker's locks and atomics and on a clock that
//! moves only when it is told to.
//!
//! A timed wait never blocks for good: it lets others run for a while, short or long, and unless it has been notified by
//! then it times out and sets the clock to its end. So both outcomes are explored, and time passes without anybody sleeping.

use std::cell::Cell;
use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{self, Arc, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use shuttle::future::batch_semaphore::{BatchSemaphore, Fairness};
use shuttle::rand::{RngCore, thread_rng};
use shuttle::sync as explored;
use shuttle::thread::yield_now;

pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};

/// How often a timed wait may let others run: not at all, for a step or two, or until most of what is going on is done.
const PATIENCE: [usize; 3] = [0, 2, 40];

shuttle::thread_local! {
    static DYING: Cell<bool> = const { Cell::new(false) };
}

// A model checker runs every task of an exploration on one thread of the operating system.
thread_local! {
    static CLOCK: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    static EXHAUSTIVE: Cell<bool> = const { Cell::new(false) };
}

/// Begins a schedule. In an `exhaustive` search there is no chance, so timed waits let others run only as the search has it.
pub(crate) fn begin(exhaustive: bool) {
    CLOCK.set(Duration::ZERO);
    EXHAUSTIVE.set(exhaustive);
}

pub(crate) fn now() -> Instant {
    static MIDNIGHT: OnceLock<Instant> = OnceLock::new();
    *MIDNIGHT.get_or_init(Instant::now) + CLOCK.get()
}

/// Lets so much time go by.
pub(crate) fn pass_time(time: Duration) {
    CLOCK.set(CLOCK.get() + time);
}

/// Makes [`panicking`] true for the calling task. A real panic would be the whole exploration's.
pub(crate) fn begin_to_die() {
    DYING.with(|dying| dying.set(true));
}

pub(crate) fn panicking() -> bool {
    DYING.with(Cell::get)
}

#[derive(Default)]
pub(crate) struct Mutex<T>(explored::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(explored::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard { mutex: self, held: Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)) }
    }

    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

pub(crate) struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// Gone only while its condition variable waits.
    held: Option<explored::MutexGuard<'a, T>>,
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_ref().expect("whoever has the guard holds the lock")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("whoever has the guard holds the lock")
    }
}

/// Whoever is notified is chosen by chance; in an exhaustive search it is whoever has waited longest.
#[derive(Default)]
pub(crate) struct Condvar {
    /// A lock that no task of an exploration can be interrupted under.
    waiters: sync::Mutex<Vec<Arc<Bell>>>,
}

/// Rung once, for one waiter.
struct Bell {
    rung: sync::atomic::AtomicBool,
    waiter: BatchSemaphore,
}

impl Bell {
    fn ring(&self) {
        self.rung.store(true, Ordering::SeqCst);
        self.waiter.release(1);
    }
}

impl Condvar {
    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        let bell = self.hang_up();
        let mutex = guard.mutex;
        drop(guard);
        bell.waiter.acquire_blocking(1).expect("a bell is never taken down while somebody listens");
        mutex.lock()
    }

    pub(crate) fn wait_for<'a, T>(&self, guard: MutexGuard<'a, T>, limit: Duration) -> MutexGuard<'a, T> {
        let end = now() + limit;
        let bell = self.hang_up();
        let mutex = guard.mutex;
        drop(guard);
        let patience = if EXHAUSTIVE.get() { 1 } else { PATIENCE[choose(PATIENCE.len())] };
        for _ in 0..patience {
            if bell.rung.load(Ordering::SeqCst) {
                break;
            }
            yield_now();
        }
        if !bell.rung.load(Ordering::SeqCst) {
            self.waiters().retain(|other| !Arc::ptr_eq(other, &bell));
            pass_time(end.saturating_duration_since(now()));
        }
        mutex.lock()
    }

    pub(crate) fn notify_one(&self) {
        let bell = {
            let mut waiters = self.waiters();
            match waiters.len() {
                0 => return,
                1 => waiters.remove(0),
                _ if EXHAUSTIVE.get() => waiters.remove(0),
                several => waiters.remove(choose(several)),
            }
        };
        bell.ring();
    }

    pub(crate) fn notify_all(&self) {
        let bells = mem::take(&mut *self.waiters());
        for bell in bells {
            bell.ring();
        }
    }

    fn hang_up(&self) -> Arc<Bell> {
        let waiter = BatchSemaphore::new(0, Fairness::Unfair);
        let bell = Arc::new(Bell { rung: sync::atomic::AtomicBool::new(false), waiter });
        self.waiters().push(Arc::clone(&bell));
        bell
    }

    fn waiters(&self) -> sync::MutexGuard<'_, Vec<Arc<Bell>>> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}

/// One of so many choices.
fn choose(choices: usize) -> usize {
    usize::try_from(thread_rng().next_u32()).map_or(0, |number| number % choices)
}
