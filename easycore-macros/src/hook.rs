//! The hooks, as one table. The parser, the checks, the messages and the expansion all read it, so that a hook is
//! described in one place only.

use std::fmt::Write as _;

/// Which hook; the row in [`HOOKS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookId {
    ProducerInit,
    ProducerWork,
    ProducerEnd,
    ConsumerInit,
    ConsumerWork,
    ConsumerMerge,
    ConsumerEnd,
}

/// What a parameter of a hook is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Device,
    Config,
    StateByMut,
    StateByValue,
    /// The state that another one is merged into.
    Into,
    /// The state that is merged.
    From,
    Item,
    /// A batch of items.
    Items,
    Output,
    /// One of the outputs of a batch.
    OneOutput,
}

/// What becomes of a hook's return value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returns {
    /// Kept, or handed on: any type of the user's, by this name in a usage line.
    Value(&'static str),
    /// As many outputs as there are items in a batch.
    Outputs,
    /// There is nobody to take a value.
    Nothing,
    /// Says whether to go on.
    Flow,
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Hook {
    pub(crate) id: HookId,
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    /// The hook that makes the state which this one takes.
    pub(crate) state_from: Option<HookId>,
    /// In this order. `Config` may be left out, and so may `Device` together with it; `StateByMut` and `StateByValue`
    /// are there exactly when the hook `state_from` exists.
    pub(crate) parameters: &'static [Role],
    pub(crate) returns: Returns,
}

pub(crate) const HOOKS: [Hook; 7] = {
    use HookId::{
        ConsumerEnd, ConsumerInit, ConsumerMerge, ConsumerWork, ProducerEnd, ProducerInit, ProducerWork,
    };
    use Returns::{Flow, Nothing, Value};
    use Role::{Config, Device, From, Into, Item, Output, StateByMut, StateByValue};
    [
        row(ProducerInit, "producer_init", None, &[Device, Config], Value("State")),
        row(ProducerWork, "producer_work", Some(ProducerInit), &[Config, StateByMut, Item], Value("Output")),
        row(ProducerEnd, "producer_end", Some(ProducerInit), &[Config, StateByValue], Nothing),
        row(ConsumerInit, "consumer_init", None, &[Config], Value("State")),
        row(ConsumerWork, "consumer_work", Some(ConsumerInit), &[Config, StateByMut, Output], Flow),
        row(ConsumerMerge, "consumer_merge", Some(ConsumerInit), &[Config, Into, From], Nothing),
        row(ConsumerEnd, "consumer_end", Some(ConsumerInit), &[Config, StateByValue], Value("Outcome")),
    ]
};

/// `producer_work` where the option `batch` is given.
const WORK_IN_BATCHES: Hook = Hook {
    parameters: &[Role::Config, Role::StateByMut, Role::Items],
    returns: Returns::Outputs,
    ..HOOKS[HookId::ProducerWork as usize]
};

/// `consumer_work` where the option `batch` is given.
const WORK_AFTER_BATCHES: Hook = Hook {
    parameters: &[Role::Config, Role::StateByMut, Role::OneOutput],
    ..HOOKS[HookId::ConsumerWork as usize]
};

const fn row(
    id: HookId,
    name: &'static str,
    state_from: Option<HookId>,
    parameters: &'static [Role],
    returns: Returns,
) -> Hook {
    Hook { id, name, required: matches!(id, HookId::ProducerWork), state_from, parameters, returns }
}

impl HookId {
    pub(crate) fn hook(self) -> &'static Hook {
        &HOOKS[self as usize]
    }

    /// The hook in a block with the option `batch`.
    pub(crate) fn hook_in_batches(self) -> &'static Hook {
        match self {
            HookId::ProducerWork => &WORK_IN_BATCHES,
            HookId::ConsumerWork => &WORK_AFTER_BATCHES,
            other => other.hook(),
        }
    }
}

impl Hook {
    pub(crate) fn named(name: &str) -> Option<&'static Hook> {
        HOOKS.iter().find(|hook| hook.name == name)
    }

    /// Whether it runs on a worker's thread, and not on the caller's.
    pub(crate) fn is_producer(&self) -> bool {
        matches!(self.id, HookId::ProducerInit | HookId::ProducerWork | HookId::ProducerEnd)
    }

    /// The hook's full signature where the config is of type `config`, and the state of type `state`, if there are any.
    pub(crate) fn usage(&self, config: Option<&str>, state: Option<&str>) -> String {
        let mut parameters = Vec::new();
        for role in self.parameters {
            parameters.extend(match role {
                Role::Device => Some("device: &Device".to_owned()),
                Role::Config => config.map(|config| format!("cfg: &{config}")),
                Role::StateByMut => state.map(|state| format!("state: &mut {state}")),
                Role::StateByValue => state.map(|state| format!("state: {state}")),
                Role::Into => Some(format!("into: &mut {}", state.unwrap_or("State"))),
                Role::From => Some(format!("from: {}", state.unwrap_or("State"))),
                Role::Item => Some("item: Item".to_owned()),
                Role::Items => Some("items: Vec<Item>".to_owned()),
                Role::Output | Role::OneOutput => Some("output: Output".to_owned()),
            });
        }
        let mut usage = format!("fn {}({})", self.name, parameters.join(", "));
        let value = match self.returns {
            Returns::Value(value) => value,
            Returns::Outputs => "Vec<Output>",
            Returns::Nothing | Returns::Flow => return usage,
        };
        // Writing to a string cannot fail.
        let _ = write!(usage, " -> {value}");
        usage
    }
}

/// All hooks, as a list in a sentence.
pub(crate) fn all_names() -> String {
    HOOKS.map(|hook| format!("`{}`", hook.name)).join(", ")
}

/// The candidate that was probably meant by `name`.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).min(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many characters to insert, delete or replace to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(to.chars()) {
            let above = *cell;
            *cell = (diagonal + usize::from(a != b)).min(above + 1).min(left + 1);
            diagonal = above;
            left = *cell;
        }
        row[0] = i + 1;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{HOOKS, HookId, nearest};

    #[test]
    fn every_id_leads_to_its_own_row() {
        for hook in &HOOKS {
            assert_eq!(hook.id.hook().name, hook.name);
        }
    }

    #[test]
    fn the_usage_line_shows_what_this_block_has() {
        let work = HookId::ProducerWork.hook();
        assert_eq!(work.usage(None, None), "fn producer_work(item: Item) -> Output");
        assert_eq!(
            work.usage(Some("Power"), Some("Net")),
            "fn producer_work(cfg: &Power, state: &mut Net, item: Item) -> Output"
        );
        let in_batches = HookId::ProducerWork.hook_in_batches();
        assert_eq!(in_batches.usage(None, None), "fn producer_work(items: Vec<Item>) -> Vec<Output>");
        let merge = HookId::ConsumerMerge.hook();
        assert_eq!(merge.usage(None, Some("u64")), "fn consumer_merge(into: &mut u64, from: u64)");
        let end = HookId::ProducerEnd.hook();
        assert_eq!(end.usage(None, Some("Net")), "fn producer_end(state: Net)");
    }

    #[test]
    fn a_typing_error_leads_to_the_hook_that_was_meant() {
        let names = || HOOKS.iter().map(|hook| hook.name);
        assert_eq!(nearest("producer_wrok", names()), Some("producer_work"));
        assert_eq!(nearest("consumer_intit", names()), Some("consumer_init"));
        assert_eq!(nearest("producerEnd", names()), Some("producer_end"));
        assert_eq!(nearest("producer_init", names()), Some("producer_init"));
        assert_eq!(nearest("helper", names()), None);
        assert_eq!(nearest("consumer_mrege", names()), Some("consumer_merge"));
        assert_eq!(nearest("consumer_flush", names()), None);
    }
}
