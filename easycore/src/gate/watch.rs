//! Who is at work on what: for the warning that nothing gets finished any more, and kept only for it.

use std::mem;
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::sync::now;

/// The most workers that a warning names.
const NAMED: usize = 4;

#[derive(Debug)]
pub(crate) struct Watch {
    limit: Duration,
    runner: &'static str,
    places: Vec<String>,
    /// The chunks in work, oldest first.
    in_work: Vec<InWork>,
    /// The worker that has the claim.
    claimant: Option<usize>,
    /// Whether the feeder is in the input's `next()`.
    feeding: bool,
    /// When a chunk was last finished.
    finished: Instant,
    /// Whether all this has been told already.
    is_told: bool,
}

#[derive(Debug)]
struct InWork {
    chunk: u64,
    items: Range<usize>,
    worker: usize,
}

impl Watch {
    /// `places` tells where each worker is, by index.
    pub(crate) fn new(runner: &'static str, places: Vec<String>, limit: Duration) -> Self {
        Self {
            limit,
            runner,
            places,
            in_work: Vec::new(),
            claimant: None,
            feeding: false,
            finished: now(),
            is_told: false,
        }
    }

    pub(super) fn claim(&mut self, worker: usize) {
        self.claimant = Some(worker);
    }

    /// The claimant has let go of the input, with so many items.
    pub(super) fn pulled(&mut self, chunk: u64, items: Range<usize>) {
        if let Some(worker) = self.claimant.take().filter(|_| !items.is_empty()) {
            self.in_work.push(InWork { chunk, items, worker });
        }
    }

    pub(super) fn adopted(&mut self, chunk: u64, worker: usize) {
        if let Some(work) = self.in_work.iter_mut().find(|work| work.chunk == chunk) {
            work.worker = worker;
        }
    }

    pub(super) fn feed(&mut self, is_in_next: bool) {
        self.feeding = is_in_next;
    }

    /// A chunk has been finished; whether there may be something to tell again.
    pub(super) fn delivered(&mut self, chunk: u64) -> bool {
        self.in_work.retain(|work| work.chunk != chunk);
        self.finished = now();
        mem::take(&mut self.is_told)
    }

    /// How long the consumer, who has been waiting `since` then, waits before there is something to tell; `None` if that has been
    /// told.
    pub(super) fn patience(&self, since: Instant) -> Option<Duration> {
        let quiet = now().saturating_duration_since(self.finished.max(since));
        (!self.is_told).then(|| self.limit.saturating_sub(quiet))
    }

    /// The warning, in one line.
    pub(super) fn tell(&mut self) -> String {
        self.is_told = true;
        let mut busy: Vec<_> = self.in_work.iter().take(NAMED).map(|work| self.at_work(work)).collect();
        if self.in_work.len() > NAMED {
            busy.push(format!("{} more", self.in_work.len() - NAMED));
        }
        match self.claimant {
            _ if self.feeding => busy.push("the input's next(), on the feeder's thread".to_owned()),
            Some(worker) => busy.push(format!("the input's next() {}", self.places[worker])),
            None => {}
        }
        let busy = if busy.is_empty() { "nothing is at work".to_owned() } else { busy.join("; ") };
        format!("easycore: warning: {} has finished nothing in {:?}: {busy}\n", self.runner, self.limit)
    }

    fn at_work(&self, work: &InWork) -> String {
        let place = &self.places[work.worker];
        let Range { start, end } = work.items;
        if end - start == 1 {
            format!("item {start} {place}")
        } else {
            format!("one of items {start} to {} {place}", end - 1)
        }
    }
}
