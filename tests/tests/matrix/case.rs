//! The combinations, and how they are called.

use std::fmt;

use easycore_tests::{Shape, Way};

/// Not a multiple of a batch, so that the last item is in one of its own.
pub(crate) const ITEMS: usize = 41;

/// Two batches, and enough for other workers to be busy with items before and after the one at fault.
pub(crate) const CHUNK: usize = 8;

/// Where the fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    ProducerInit,
    /// In the `producer_init` that follows a panic of `producer_work`, which is skipped.
    ProducerInitAgain,
    ProducerWork,
    ProducerEnd,
    /// In the `producer_end` that follows a panic of `producer_work`.
    ProducerEndEarly,
    ConsumerInit,
    ConsumerWork,
    ConsumerMerge,
    ConsumerEnd,
    Input,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Error,
    Panic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    First,
    Middle,
    Last,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) ordered: bool,
    pub(crate) shape: Shape,
    pub(crate) way: Way,
    pub(crate) place: Place,
    pub(crate) how: How,
    pub(crate) position: Position,
    pub(crate) workers: usize,
}

impl Case {
    /// Every combination that makes sense.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        use Place::{
            ConsumerEnd, ConsumerInit, ConsumerMerge, ConsumerWork, Input, ProducerEnd, ProducerEndEarly,
            ProducerInit, ProducerInitAgain, ProducerWork,
        };
        let places = [
            ProducerInit,
            ProducerInitAgain,
            ProducerWork,
            ProducerEnd,
            ProducerEndEarly,
            ConsumerInit,
            ConsumerWork,
            ConsumerMerge,
            ConsumerEnd,
            Input,
        ];
        let mut cases = vec![];
        for place in places {
            for ordered in [true, false] {
                for shape in [Shape::Single, Shape::Batch, Shape::Prompt] {
                    for way in Way::ALL {
                        for how in [How::Error, How::Panic] {
                            for position in [Position::First, Position::Middle, Position::Last] {
                                for workers in [1, 2, 8] {
                                    cases.push(Self { ordered, shape, way, place, how, position, workers });
                                }
                            }
                        }
                    }
                }
            }
        }
        cases.into_iter().filter(Self::makes_sense)
    }

    fn makes_sense(&self) -> bool {
        let Self { ordered, way, place, how, position, workers, .. } = *self;
        let at_first = position == Position::First;
        if way.merges() && ordered {
            return false;
        }
        match place {
            // Which worker: there is no middle of two, and only one of one.
            Place::ProducerInit | Place::ProducerEnd => {
                at_first || workers > 2 || (position == Position::Last && workers == 2)
            }
            Place::ProducerInitAgain | Place::ProducerWork | Place::ProducerEndEarly => true,
            Place::ConsumerWork => way != Way::Stream,
            // Of the base state's and the workers' states' only the first ones are sure to be made.
            Place::ConsumerInit => {
                way != Way::Stream && (at_first || (way.merges() && position == Position::Middle))
            }
            Place::ConsumerEnd => way != Way::Stream && at_first,
            Place::ConsumerMerge => way.merges() && at_first,
            Place::Input => how == How::Panic || way.takes_errors(),
        }
    }

    /// The item at which the fault is.
    pub(crate) fn item(&self) -> usize {
        match self.position {
            Position::First => 0,
            Position::Middle => ITEMS / 2,
            Position::Last => ITEMS - 1,
        }
    }

    /// The worker in which the fault is, where it is at the start or the close.
    pub(crate) fn worker(&self) -> usize {
        match self.position {
            Position::First => 0,
            Position::Middle => self.workers / 2,
            Position::Last => self.workers - 1,
        }
    }

    /// Whether a consumer hook fails on a worker.
    pub(crate) fn consumes_on_a_worker(&self) -> bool {
        match self.place {
            Place::ConsumerInit => self.way.merges() && self.position != Position::First,
            Place::ConsumerWork => self.way.merges(),
            _ => false,
        }
    }

    /// Whether the panic of a `producer_work` is what leads to the fault.
    pub(crate) fn is_led_to_by_a_panic(&self) -> bool {
        matches!(self.place, Place::ProducerInitAgain | Place::ProducerEndEarly)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ProducerInit => "producer_init",
            Self::ProducerInitAgain => "producer_init after a panic",
            Self::ProducerWork => "producer_work",
            Self::ProducerEnd => "producer_end",
            Self::ProducerEndEarly => "producer_end after a panic",
            Self::ConsumerInit => "consumer_init",
            Self::ConsumerWork => "consumer_work",
            Self::ConsumerMerge => "consumer_merge",
            Self::ConsumerEnd => "consumer_end",
            Self::Input => "the input",
        })
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ordered, shape, way, place, how, position, workers } = self;
        let order = if *ordered { "ordered" } else { "unordered" };
        write!(f, "{order} {way} ({shape:?}, workers: {workers}), {how:?} in {place} ({position:?})")
    }
}
