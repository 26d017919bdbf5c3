//! Which hooks the block has, and which of its items are none.

use syn::ext::IdentExt as _;

use super::Context;
use crate::diagnostics::Faults;
use crate::hook::{HOOKS, Hook, HookId, all_names, nearest};
use crate::syntax::{Block, Entry, Function, Intruder, Options, Order};

/// The block's hooks: a misspelled one counts as the one that was meant.
#[derive(Default)]
pub(super) struct Found<'a> {
    functions: [Option<&'a Function>; HOOKS.len()],
    ambiguous: [bool; HOOKS.len()],
}

impl<'a> Found<'a> {
    pub(super) fn function(&self, id: HookId) -> Option<&'a Function> {
        self.functions[id as usize]
    }

    pub(super) fn hooks(&self) -> impl Iterator<Item = (&'static Hook, &'a Function)> {
        HOOKS.iter().filter_map(|hook| Some((hook, self.function(hook.id)?)))
    }

    pub(super) fn has(&self, id: HookId) -> bool {
        self.function(id).is_some()
    }

    pub(super) fn is_ambiguous(&self, id: HookId) -> bool {
        self.ambiguous[id as usize]
    }

    /// Consumer hooks serve `consumer_work`, and are never called without it.
    pub(super) fn is_orphan(&self, id: HookId) -> bool {
        matches!(id, HookId::ConsumerInit | HookId::ConsumerMerge | HookId::ConsumerEnd)
            && !self.has(HookId::ConsumerWork)
    }

    /// Whether `hook` has a state to take.
    pub(super) fn has_state(&self, hook: &Hook) -> bool {
        hook.state_from.is_some_and(|init| self.has(init))
    }
}

/// Sorts the block's items into hooks and others, and reports the others.
pub(super) fn find<'a>(block: &'a Block, faults: &mut Faults) -> Found<'a> {
    let mut found = Found::default();
    let mut others = Vec::new();
    for entry in &block.entries {
        match entry {
            Entry::Function(function) => match Hook::named(&function.signature.ident.unraw().to_string()) {
                Some(hook) if found.has(hook.id) => found.ambiguous[hook.id as usize] = true,
                Some(hook) => found.functions[hook.id as usize] = Some(function),
                None => others.push(function),
            },
            Entry::Intruder(intruder) => report_intruder(intruder, block, faults),
        }
    }
    for function in others {
        let ident = &function.signature.ident;
        let name = ident.to_string();
        let absent = HOOKS.iter().filter(|hook| !found.has(hook.id)).map(|hook| hook.name);
        if let Some(meant) = nearest(&name, absent).and_then(Hook::named) {
            found.functions[meant.id as usize] = Some(function);
            faults.add(ident, format!("unknown hook `{name}`"), format!("did you mean `{}`?", meant.name));
        } else if name.starts_with("producer_") || name.starts_with("consumer_") {
            faults.add(ident, format!("unknown hook `{name}`"), format!("the hooks are {}", all_names()));
        } else {
            faults.add(
                ident,
                format!("only hooks stand in this block, and `{name}` is none"),
                format!("move it to a separate block, `impl {} {{ … }}`", block.name),
            );
        }
    }
    found
}

fn report_intruder(intruder: &Intruder, block: &Block, faults: &mut Faults) {
    let help = match intruder.what {
        "a type" => "move it out, in front of the block".to_owned(),
        _ => format!("move it to a separate block, `impl {} {{ … }}`", block.name),
    };
    faults.add(
        &intruder.blamed,
        format!("only hooks stand in this block, and this is {}", intruder.what),
        help,
    );
}

/// Reports hooks that must be there and are not, and hooks that are there for nothing.
pub(super) fn check_presence(context: &Context, faults: &mut Faults) {
    for hook in HOOKS.iter().filter(|hook| hook.required && !context.found.has(hook.id)) {
        faults.add(
            &context.block.self_type,
            format!("missing hook `{}`", hook.name),
            format!("add `{} {{ … }}`", context.usage(context.hook(hook.id))),
        );
    }
    let orphan = context.found.hooks().find(|(hook, _)| context.found.is_orphan(hook.id));
    if let Some((hook, function)) = orphan {
        faults.add(
            &function.signature.ident,
            format!("hook `{}` is never used, because there is no `consumer_work`", hook.name),
            format!("add `{} {{ … }}`", context.usage(HookId::ConsumerWork.hook())),
        );
    }
}

/// Reports a hook that needs an option.
pub(super) fn check_order(context: &Context, options: &Options, faults: &mut Faults) {
    let merge = HookId::ConsumerMerge;
    let Some(function) = context.found.function(merge).filter(|_| options.order == Order::Ordered) else {
        return;
    };
    let name = merge.hook().name;
    match &options.order_word {
        Some(ordered) => faults.add(
            ordered,
            format!(
                "a runner with the hook `{name}` cannot be `ordered`: each worker consumes what it has made"
            ),
            "write `unordered`",
        ),
        None => faults.add(
            &function.signature.ident,
            format!(
                "hook `{name}` loses the order, which a runner keeps by default: each worker consumes what it has made"
            ),
            "write `#[parallel_runner(unordered)]`",
        ),
    }
}
