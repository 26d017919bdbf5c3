//! Faults, where they are injected, and how often they really were.

use std::any::Any;
use std::fmt;
use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use easycore_tests::{Fallible, INJECTED};

/// Where a fault is injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Init,
    Work,
    CopyOfItem,
    End,
    Input,
    ConsumerInit,
    ConsumerWork,
    ConsumerMerge,
    ConsumerEnd,
    DropOfItem,
    DropOfOutput,
    DropOfState,
    DropOfError,
    DropOfPayload,
    DisplayOfError,
}

impl Place {
    pub(crate) const ALL: [Self; 15] = [
        Self::Init,
        Self::Work,
        Self::CopyOfItem,
        Self::End,
        Self::Input,
        Self::ConsumerInit,
        Self::ConsumerWork,
        Self::ConsumerMerge,
        Self::ConsumerEnd,
        Self::DropOfItem,
        Self::DropOfOutput,
        Self::DropOfState,
        Self::DropOfError,
        Self::DropOfPayload,
        Self::DisplayOfError,
    ];

    /// How many faults there have been here.
    pub(crate) fn count(self) -> usize {
        COUNTS[self as usize].load(Ordering::Relaxed)
    }

    /// Whether a panic here is the consumer's, which unwinds through the run: an output that fails is dropped there.
    pub(crate) fn is_the_consumers(self) -> bool {
        matches!(
            self,
            Self::ConsumerInit
                | Self::ConsumerWork
                | Self::ConsumerMerge
                | Self::ConsumerEnd
                | Self::DropOfOutput
        )
    }

    fn note(self) {
        COUNTS[self as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn panic(self) -> ! {
        self.note();
        panic!("{}", self.text())
    }

    fn text(self) -> String {
        format!("{INJECTED} at {self:?}")
    }
}

static COUNTS: [AtomicUsize; Place::ALL.len()] = [const { AtomicUsize::new(0) }; Place::ALL.len()];

/// What a call of user code does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Good,
    Error,
    /// An error that panics when it is displayed, and when it is dropped.
    SpitefulError,
    Panic,
    /// A panic whose payload panics when it is dropped.
    SpitefulPanic,
}

impl Deed {
    pub(crate) const BAD: [Self; 4] = [Self::Error, Self::SpitefulError, Self::Panic, Self::SpitefulPanic];

    pub(crate) fn is_panic(self) -> bool {
        matches!(self, Self::Panic | Self::SpitefulPanic)
    }

    /// Does it.
    pub(crate) fn done_at(self, place: Place) -> Fallible<()> {
        match self {
            Self::Good => Ok(()),
            Self::Error | Self::SpitefulError => {
                place.note();
                Err(Box::new(Complaint { spiteful: self == Self::SpitefulError }))
            }
            Self::Panic => place.panic(),
            Self::SpitefulPanic => {
                place.note();
                panic_any(SpitefulPayload(place))
            }
        }
    }
}

/// Where a panic was injected, if it was.
pub(crate) fn place_of(payload: &(dyn Any + Send)) -> Option<Place> {
    if let Some(SpitefulPayload(place)) = payload.downcast_ref() {
        return Some(*place);
    }
    let text = payload.downcast_ref::<String>()?;
    Place::ALL.into_iter().find(|place| *text == place.text())
}

/// Drops spitefully: panics at `place`, unless its thread is panicking already, which would abort the process.
pub(crate) fn drop_at(place: Place) {
    if !thread::panicking() {
        place.panic();
    }
}

#[derive(Debug)]
pub(crate) struct Complaint {
    spiteful: bool,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.spiteful {
            Place::DisplayOfError.panic();
        }
        f.write_str(INJECTED)
    }
}

impl std::error::Error for Complaint {}

impl Drop for Complaint {
    fn drop(&mut self) {
        if self.spiteful {
            drop_at(Place::DropOfError);
        }
    }
}

#[derive(Debug)]
pub(crate) struct SpitefulPayload(Place);

impl Drop for SpitefulPayload {
    fn drop(&mut self) {
        drop_at(Place::DropOfPayload);
    }
}
