//! Random runs.

use std::fmt;

use easycore::{Chunk, OnError, Options};
use easycore_tests::{Shape, Way, options};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

/// What becomes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Good,
    WorkFails,
    WorkPanics,
    /// The input yields an error in its place.
    ErrItem,
    /// The input panics in its place.
    InputPanics,
}

/// What becomes of each item. It shows only what is not good.
#[derive(Clone)]
pub(crate) struct Fates(pub(crate) Vec<Fate>);

impl fmt::Debug for Fates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} items", self.0.len())?;
        let bad = self.0.iter().enumerate().filter(|(_, fate)| **fate != Fate::Good);
        bad.into_iter().try_for_each(|(item, fate)| write!(f, ", {fate:?} {item}"))
    }
}

/// What the consumer does, at an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consumer {
    Collects,
    Breaks(usize),
    /// Cancels the run, and goes on as if it had not.
    Cancels(usize),
    Fails(usize),
    Panics(usize),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Policy {
    Stop,
    Skip(usize),
    /// A rate, in per cent, and from how many items on it is judged.
    SkipPercent(usize, usize),
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) ordered: bool,
    pub(crate) way: Way,
    pub(crate) shape: Shape,
    pub(crate) workers: usize,
    /// How many batches, or items, make a chunk; automatic if `None`.
    pub(crate) chunk: Option<usize>,
    /// By how many items the window exceeds a chunk; automatic if `None`.
    pub(crate) window: Option<usize>,
    /// How slow some of the items are, as in `linger`.
    pub(crate) lingers: usize,
    pub(crate) policy: Policy,
    pub(crate) consumer: Consumer,
    pub(crate) fates: Fates,
}

impl Case {
    pub(crate) fn options(&self) -> Options {
        let batch = self.shape.most();
        let chunk = self.chunk.map_or(batch, |batches| batches * batch);
        let mut options = options();
        if self.chunk.is_some() {
            options = options.chunk(Chunk::Exactly(chunk));
        }
        if let Some(more) = self.window {
            options = options.window(chunk + more);
        }
        options.on_error(match self.policy {
            Policy::Stop => OnError::stop(),
            Policy::Skip(max) => OnError::skip(max),
            #[expect(clippy::cast_precision_loss, reason = "it is below a hundred")]
            Policy::SkipPercent(percent, min_items) => OnError::skip_rate(percent as f64 / 100.0, min_items),
        })
    }

    /// Takes out what this way to run has no place for.
    fn made_possible(mut self) -> Self {
        if self.way.merges() {
            self.ordered = false;
        }
        if self.way == Way::Stream && matches!(self.consumer, Consumer::Fails(_) | Consumer::Panics(_)) {
            self.consumer = Consumer::Collects;
        }
        let (way, shape) = (self.way, self.shape);
        for fate in &mut self.fates.0 {
            let impossible = match fate {
                Fate::ErrItem => !way.takes_errors(),
                // It takes part of a batch with it, and how the rest of the chunk falls into batches is left open.
                Fate::InputPanics => way.splits() && shape != Shape::Single,
                _ => false,
            };
            if impossible {
                *fate = Fate::Good;
            }
        }
        self
    }
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let rare = prop_oneof![
        60 => Just(Fate::Good),
        1 => Just(Fate::WorkFails),
        1 => Just(Fate::WorkPanics),
        1 => Just(Fate::ErrItem),
        1 => Just(Fate::InputPanics),
    ];
    let frequent = prop_oneof![
        10 => Just(Fate::Good),
        1 => Just(Fate::WorkFails),
        1 => Just(Fate::WorkPanics),
        1 => Just(Fate::ErrItem),
    ];
    prop_oneof![proptest::collection::vec(rare, 0..150), proptest::collection::vec(frequent, 0..150)]
}

/// Any run.
pub(crate) fn any_case() -> impl Strategy<Value = Case> {
    let consumer = prop_oneof![
        4 => Just(Consumer::Collects),
        1 => (0_usize..100).prop_map(Consumer::Breaks),
        1 => (0_usize..100).prop_map(Consumer::Cancels),
        1 => (0_usize..100).prop_map(Consumer::Fails),
        1 => (0_usize..100).prop_map(Consumer::Panics),
    ];
    let policy = prop_oneof![
        Just(Policy::Stop),
        (0_usize..30).prop_map(Policy::Skip),
        Just(Policy::Skip(1_000)),
        (0_usize..50, 0_usize..60).prop_map(|(percent, min_items)| Policy::SkipPercent(percent, min_items)),
    ];
    let shape = select(&[Shape::Single, Shape::Single, Shape::Batch, Shape::Patient][..]);
    let chunk = proptest::option::of(1_usize..12);
    let window = proptest::option::of(0_usize..40);
    let lingers = select(&[0, 0, 2, 20][..]);
    (
        any::<bool>(),
        select(&Way::ALL[..]),
        shape,
        1_usize..=8,
        chunk,
        window,
        lingers,
        policy,
        consumer,
        fates(),
    )
        .prop_map(|(ordered, way, shape, workers, chunk, window, lingers, policy, consumer, fates)| {
            Case {
                ordered,
                way,
                shape,
                workers,
                chunk,
                window,
                lingers,
                policy,
                consumer,
                fates: Fates(fates),
            }
            .made_possible()
        })
}
