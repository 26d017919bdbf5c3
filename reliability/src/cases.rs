//! Which fault, in which input, and what to look at afterwards.

use crate::cell::{Ending, Facts};
use crate::peers::Peer;
use crate::scene::{FAULTY, Fault, SLOW_OUTPUTS, WORKERS};

/// So many items take long enough for all workers to take part.
const FEW: usize = 1_000;
const MANY: usize = 20_000;

/// More than the default window of easycore holds here, and less than all items.
const BOUNDED: usize = 10_000;

/// A kind of failure.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// For the command line.
    pub name: &'static str,
    /// The heading.
    pub title: &'static str,
    /// What is done, and what is counted.
    pub setting: &'static str,
    /// The items, if they end.
    pub items: Option<usize>,
    /// What goes wrong.
    pub fault: Fault,
    /// Whether the job is run once more without the fault.
    pub runs_again: bool,
    /// The cell of the table.
    pub tell: fn(&Facts, &Peer) -> String,
    /// Whether this is what easycore promises.
    pub keeps: fn(&Facts, &Peer) -> bool,
}

/// All of them.
pub const CASES: [Case; 9] = [
    Case {
        name: "panic",
        title: "One item panics",
        setting: "1,000 items, the work of item 500 panics. What does the caller see, and how many of the other 999 results?",
        items: Some(FEW),
        fault: Fault::WorkPanics,
        runs_again: false,
        tell: |facts, _| format!("{}; {} of 999 consumed", facts.ending_of(FEW), facts.counts.consumed),
        keeps: |facts, peer| facts.names("panicked", FAULTY) && facts.consumed_before(FAULTY, peer),
    },
    Case {
        name: "endless-panic",
        title: "One item panics, and the input has no end",
        setting: "Endless items, the work of item 500 panics. Does the caller ever hear of it?",
        items: None,
        fault: Fault::WorkPanics,
        runs_again: false,
        tell: |facts, _| facts.ending(),
        keeps: |facts, peer| facts.names("panicked", FAULTY) && facts.consumed_before(FAULTY, peer),
    },
    Case {
        name: "error",
        title: "One item returns an error",
        setting: "20,000 items, the work of item 500 returns `Err(refused)`. Is the rest still worked, and does the caller learn which item it was?",
        items: Some(MANY),
        fault: Fault::WorkFails,
        runs_again: false,
        tell: |facts, _| format!("{}; {}", facts.ending_of(MANY), facts.worked()),
        keeps: |facts, peer| {
            facts.names("failed", FAULTY) && facts.consumed_before(FAULTY, peer) && facts.counts.worked < MANY
        },
    },
    Case {
        name: "input",
        title: "The input panics",
        setting: "An iterator over 1,000 items panics where its item 500 should come. How many results get through?",
        items: Some(FEW),
        fault: Fault::InputPanics,
        runs_again: false,
        tell: |facts, _| format!("{}; {} results consumed", facts.ending_of(FEW), facts.counts.consumed),
        keeps: |facts, peer| {
            facts.is_error_with(&["the input panicked at item 500", "boom"])
                && facts.consumed_before(FAULTY, peer)
        },
    },
    Case {
        name: "consumer",
        title: "The consumer panics",
        setting: "20,000 items, the consumer panics at its output 500. Does the panic get through, and are the workers at rest then?",
        items: Some(MANY),
        fault: Fault::ConsumerPanics,
        runs_again: false,
        tell: |facts, _| format!("{}; {}", facts.ending(), facts.rest()),
        keeps: |facts, _| facts.ending == Ending::Unwinds("boom".to_owned()) && facts.is_at_rest(),
    },
    Case {
        name: "leave",
        title: "The consumer has enough",
        setting: "Endless items, the consumer leaves after 500 outputs. How many items had been pulled, and are the workers at rest?",
        items: None,
        fault: Fault::ConsumerLeaves,
        runs_again: false,
        tell: |facts, _| format!("{}; {} pulled; {}", facts.ending(), facts.counts.pulled, facts.rest()),
        keeps: |facts, _| facts.ending == Ending::Returns && facts.is_at_rest(),
    },
    Case {
        name: "slow",
        title: "The consumer is slow",
        setting: "20,000 items, a consumer that takes a hundred times as long as a worker and leaves after 200 outputs. How many items were pulled and not yet consumed, at most? What the two channels and tokio hold is the program's choice, pariter's and easycore's are the defaults; easycore's is about 10 ms of work for each worker, and `Options::window` makes it exact.",
        items: Some(MANY),
        fault: Fault::ConsumerIsSlow,
        runs_again: false,
        tell: |facts, _| format!("{}; at most {} in flight", facts.ending(), facts.counts.most_in_flight),
        keeps: |facts, _| {
            facts.ending == Ending::Returns
                && facts.counts.consumed == SLOW_OUTPUTS
                && facts.counts.most_in_flight <= BOUNDED
        },
    },
    Case {
        name: "state",
        title: "The state of one worker cannot be made",
        setting: "1,000 items, making the second worker's state panics. What does the caller see, and are the states that were made ended?",
        items: Some(FEW),
        fault: Fault::SecondStatePanics,
        runs_again: false,
        tell: |facts, _| {
            let Facts { counts, .. } = facts;
            if counts.made < 2 {
                return "makes no second state".to_owned();
            }
            format!("{}; {} of 1,000 consumed; {}", facts.ending_of(FEW), counts.consumed, facts.rest())
        },
        keeps: |facts, _| {
            facts.is_error_with(&["producer_init panicked on cpu (worker", "boom"])
                && facts.counts.worked == 0
                && facts.is_at_rest()
        },
    },
    Case {
        name: "again",
        title: "The next run after a failure",
        setting: "1,000 items, the work of item 500 panics; then the same pool, runtime or runner gets 1,000 sound ones. How many results does the second run give?",
        items: Some(FEW),
        fault: Fault::WorkPanics,
        runs_again: true,
        tell: |facts, _| format!("{}; {} of 1,000 consumed", facts.ending_of(FEW), facts.counts.consumed),
        keeps: |facts, _| facts.ending == Ending::Returns && facts.counts.consumed == FEW,
    },
];

impl Facts {
    /// How it ended, where there should have been so many results.
    fn ending_of(&self, items: usize) -> String {
        match (&self.ending, items - self.counts.consumed) {
            (Ending::Returns, 1) => "returns normally, though 1 result is missing".to_owned(),
            (Ending::Returns, missing) if missing > 1 => {
                format!("returns normally, though {missing} results are missing")
            }
            _ => self.ending(),
        }
    }

    fn worked(&self) -> String {
        let (at_once, later) = (self.counts.worked, self.later.worked);
        if at_once == later {
            format!("{at_once} of 20,000 worked")
        } else {
            format!("{at_once} of 20,000 worked when it returns, {later} 0.2 s later")
        }
    }

    fn ending(&self) -> String {
        match &self.ending {
            Ending::Returns => "returns normally".to_owned(),
            Ending::Fails(text) => format!("error `{text}`"),
            Ending::Unwinds(text) => format!("panics through: `{text}`"),
            Ending::Hangs => "**hangs**".to_owned(),
            Ending::GoesOn => "goes on and says nothing".to_owned(),
        }
    }

    /// What the workers are at, once the run and all that it was run with are gone.
    fn rest(&self) -> String {
        if matches!(self.ending, Ending::Hangs | Ending::GoesOn) {
            return format!("{} of {} states alive", self.counts.living, self.counts.made);
        }
        match (self.counts.living, self.later.living) {
            (0, _) => "all states ended".to_owned(),
            (at_once, 0) => {
                format!("{at_once} of {} states still alive, none 0.2 s later", self.counts.made)
            }
            (at_once, later) => {
                format!("{at_once} of {} states still alive, {later} 0.2 s later", self.counts.made)
            }
        }
    }

    fn is_at_rest(&self) -> bool {
        self.counts.living == 0 && self.counts == self.later
    }

    fn is_error_with(&self, words: &[&str]) -> bool {
        matches!(&self.ending, Ending::Fails(text) if words.iter().all(|word| text.contains(word)))
    }

    /// Whether the error names the hook, the item, the device and the worker.
    fn names(&self, verb: &str, item: usize) -> bool {
        (0..WORKERS).any(|worker| {
            self.is_error_with(&[&format!("producer_work {verb} at item {item} on cpu (worker {worker})")])
        })
    }

    /// Whether, in input order, everything before the item has been consumed, and nothing after it.
    fn consumed_before(&self, item: usize, peer: &Peer) -> bool {
        !peer.is_ordered || self.counts.consumed == item
    }
}
