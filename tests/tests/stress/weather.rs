//! What a run has to go through: how many faults of which kind, and the hooks that bring them about.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock};

use easycore::Canceller;
use easycore_tests::{Fallible, Plan, Way, linger, lock};

use crate::cargo::{ATTEMPTS, Census, Item, Output, SpitefulState, Tag};
use crate::dice::Dice;
use crate::faults::{Deed, Place};

/// How often what goes wrong in a run, in per cent; or at which item.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weather {
    pub(crate) items: usize,
    /// How slow some of the items are, as in `linger`.
    pub(crate) lingers: usize,
    pub(crate) work: usize,
    /// The workers on which everything panics.
    pub(crate) broken_workers: Vec<usize>,
    pub(crate) init: usize,
    pub(crate) end: usize,
    pub(crate) drops: usize,
    pub(crate) states: usize,
    pub(crate) consumer_hooks: usize,
    pub(crate) consumer_at: Option<usize>,
    pub(crate) input_at: Option<usize>,
    /// The item at whose work the run is cancelled, or drained.
    pub(crate) cancel_at: Option<usize>,
    /// The item at which a stream or a consumer has had enough.
    pub(crate) enough_at: Option<usize>,
}

impl Weather {
    /// So many items, and nothing goes wrong.
    pub(crate) fn calm(items: usize) -> Self {
        Self { items, ..Self::default() }
    }

    pub(crate) fn stormy(dice: &Dice) -> Self {
        let items = dice.below(300);
        let at = |percent| dice.happens(percent).then(|| dice.below(items + 1));
        Self {
            items,
            lingers: dice.one_of(&[0, 0, 5]),
            work: dice.one_of(&[0, 2, 20, 60]),
            broken_workers: (0..6).filter(|_| dice.happens(8)).collect(),
            init: dice.one_of(&[0, 0, 5]),
            end: dice.one_of(&[0, 10]),
            drops: dice.one_of(&[0, 5, 50]),
            states: dice.one_of(&[0, 5]),
            consumer_hooks: dice.one_of(&[0, 0, 10]),
            consumer_at: at(12),
            input_at: at(12),
            cancel_at: at(8),
            enough_at: at(8),
        }
    }
}

/// What the hooks of a runner share.
#[derive(Debug)]
pub(crate) struct Sky {
    pub(crate) dice: Dice,
    pub(crate) weather: Mutex<Weather>,
    pub(crate) canceller: OnceLock<Canceller>,
}

impl Sky {
    /// Fails in some of all cases.
    fn strike(&self, place: Place, percent: impl FnOnce(&Weather) -> usize) -> Fallible<()> {
        let percent = percent(&lock(&self.weather));
        if self.dice.happens(percent) { self.dice.one_of(&Deed::BAD).done_at(place) } else { Ok(()) }
    }

    fn spite(&self, place: Place, weather: &Weather) -> Option<Place> {
        self.dice.happens(weather.drops).then_some(place)
    }

    fn deed(&self, percent: usize) -> Deed {
        if self.dice.happens(percent) { self.dice.one_of(&Deed::BAD) } else { Deed::Good }
    }

    /// What the input yields.
    pub(crate) fn item(
        &self,
        way: Way,
        weather: &Weather,
        census: &Arc<Census>,
        index: usize,
    ) -> Fallible<Item> {
        if weather.input_at == Some(index) {
            self.dice.one_of(&[Deed::Panic, Deed::SpitefulPanic]).done_at(Place::Input)?;
        }
        if way.takes_errors() && self.dice.happens(weather.work / 2) {
            census.refused.fetch_add(1, Ordering::SeqCst);
            self.dice.one_of(&[Deed::Error, Deed::SpitefulError]).done_at(Place::Input)?;
        }
        let fails = weather.consumer_at == Some(index);
        let consumed = if fails { self.dice.one_of(&Deed::BAD) } else { Deed::Good };
        Ok(Item {
            index,
            worked: [(); ATTEMPTS].map(|()| self.deed(weather.work)),
            copied: (!self.dice.happens(weather.work / 4)).then(|| {
                if self.dice.happens(weather.drops / 5) {
                    self.dice.one_of(&[Deed::Panic, Deed::SpitefulPanic])
                } else {
                    Deed::Good
                }
            }),
            tag: Tag::new(census, self.spite(Place::DropOfItem, weather)),
            output: Output {
                index,
                consumed,
                tag: Tag::new(census, self.spite(Place::DropOfOutput, weather)),
            },
        })
    }

    pub(crate) fn has_had_enough(&self, output: &Output) -> ControlFlow<()> {
        let enough = lock(&self.weather).enough_at == Some(output.index);
        if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Takes an output over, so that it can be dropped in peace.
pub(crate) fn accept(mut output: Output) -> Output {
    output.tag.spite = None;
    output.tag.census.consumed.fetch_add(1, Ordering::SeqCst);
    output
}

pub(crate) fn plan(sky: &Arc<Sky>) -> Plan<Item, Output> {
    let share = || Arc::clone(sky);
    let (init, work, end) = (share(), share(), share());
    let (begin, consume, merge, finish) = (share(), share(), share(), share());
    Plan::new(move |seat, mut item: Item| {
        let lingers = lock(&work.weather).lingers;
        linger(item.index, lingers);
        if lock(&work.weather).cancel_at == Some(item.index) {
            let canceller: &Canceller = work.canceller.get().expect("it is set before the first run");
            if work.dice.happens(50) { canceller.cancel() } else { canceller.drain() }
        }
        let spoils = lock(&work.weather).states;
        if seat.cargo.is_none() && work.dice.happens(spoils) {
            seat.cargo = Some(Box::new(SpitefulState));
        }
        if lock(&work.weather).broken_workers.contains(&seat.worker.index()) {
            Deed::Panic.done_at(Place::Work)?;
        }
        item.worked[0].done_at(Place::Work)?;
        item.tag.spite = None;
        Ok(item.output)
    })
    .init(move |_| init.strike(Place::Init, |weather| weather.init))
    .end(move |_| end.strike(Place::End, |weather| weather.end))
    .begin(move || begin.strike(Place::ConsumerInit, |weather| weather.consumer_hooks))
    .consume(move |outputs, output| {
        output.consumed.done_at(Place::ConsumerWork)?;
        let flow = consume.has_had_enough(&output);
        outputs.push(accept(output));
        Ok(flow)
    })
    .merge(move |_| merge.strike(Place::ConsumerMerge, |weather| weather.consumer_hooks))
    .finish(move |_| finish.strike(Place::ConsumerEnd, |weather| weather.consumer_hooks))
}
