//! Which parameter of a hook is which: decided by how many there are and which other hooks exist. The form of a type
//! (`&`, `&mut`) only helps to find out what was meant by parameters that do not fit.

use proc_macro2::{Delimiter, Group, TokenTree};
use quote::ToTokens as _;
use syn::{FnArg, PatType, Type};

use super::{Context, bare, open};
use crate::diagnostics::{Faults, source};
use crate::hook::{HOOKS, Hook, HookId, Role};
use crate::syntax::Function;

/// States that a hook takes exactly when something makes them.
const STATE: [Role; 2] = [Role::StateByMut, Role::StateByValue];
/// States without which a hook makes no sense.
const MERGED: [Role; 2] = [Role::Into, Role::From];

/// The role and type of each parameter; `None` if they do not fit.
pub(super) fn check<'a>(
    hook: &Hook,
    function: &'a Function,
    context: &Context,
    faults: &mut Faults,
) -> Option<Vec<(Role, &'a Type)>> {
    let parameters = typed(function);
    let Some(roles) = roles(hook, &parameters, context) else {
        match misplaced_config(hook, &parameters, context) {
            Some((config, role)) => {
                let belongs = if role == Role::Device { "device" } else { "state" };
                let message = format!("hook `{}` takes the config where its {belongs} belongs", hook.name);
                faults.add(config, message, format!("write `{}`", context.usage(hook)));
            }
            None => report_count(hook, function, context, faults),
        }
        return None;
    };
    if !context.found.has_state(hook) && is_first_with_state(hook, context) {
        let state = roles.iter().zip(&parameters).find(|(role, _)| is_state(**role));
        if let Some((_, parameter)) = state {
            report_state_from_nowhere(hook, parameter, faults);
        }
    }
    for (role, parameter) in roles.iter().zip(&parameters) {
        let ty = &*parameter.ty;
        match role {
            Role::Config if context.config.is_none() => report_config(hook, parameter, faults),
            Role::StateByMut | Role::Into if context.found.has_state(hook) => check_state(hook, ty, faults),
            Role::Item | Role::Items => open::check_item(hook, ty, context, faults),
            _ => {}
        }
    }
    Some(roles.into_iter().zip(parameters.into_iter().map(|parameter| &*parameter.ty)).collect())
}

fn typed(function: &Function) -> Vec<&PatType> {
    let inputs = function.signature.inputs.iter();
    inputs
        .filter_map(|input| match input {
            FnArg::Typed(parameter) => Some(parameter),
            FnArg::Receiver(_) => None,
        })
        .collect()
}

fn roles(hook: &Hook, parameters: &[&PatType], context: &Context) -> Option<Vec<Role>> {
    let fits = |roles: &Vec<Role>, allows: &dyn Fn(Role, &Type) -> bool| {
        let mut pairs = roles.iter().zip(parameters);
        roles.len() == parameters.len() && pairs.all(|(role, parameter)| allows(*role, bare(&parameter.ty)))
    };
    let meant = |roles: &Vec<Role>| has_state(roles) || !needs_state(hook, context);
    // Where there is a config, it may have taken the place of the device.
    let probably = |role, ty: &_| looks_like(role, ty) || role == Role::Device && context.config.is_none();
    allowed(hook, context)
        .find(|roles| fits(roles, &|role, ty| could_be(role, ty, hook, context)))
        .or_else(|| lists(hook).filter(meant).find(|roles| fits(roles, &probably)))
}

/// All ways in which the table lets the parameters of `hook` be written, whatever else the block has.
fn lists(hook: &Hook) -> impl Iterator<Item = Vec<Role>> {
    let left_out: [&[Role]; 4] = match hook.id {
        HookId::ProducerInit => [&[], &[Role::Config], &[Role::Device, Role::Config], &[]],
        _ => [&[], &[Role::Config], &STATE, &[Role::Config, Role::StateByMut, Role::StateByValue]],
    };
    left_out
        .into_iter()
        .map(|out| hook.parameters.iter().filter(|role| !out.contains(role)).copied().collect())
}

/// The ways that are open in this block: a config only if there is one, a state exactly when something makes it.
fn allowed(hook: &Hook, context: &Context) -> impl Iterator<Item = Vec<Role>> {
    let has_config = |roles: &Vec<Role>| roles.contains(&Role::Config);
    lists(hook)
        .filter(move |roles| context.config.is_some() || !has_config(roles))
        .filter(|roles| has_state(roles) == needs_state(hook, context))
}

fn has_state(roles: &[Role]) -> bool {
    roles.iter().any(|role| is_state(*role))
}

fn is_state(role: Role) -> bool {
    STATE.contains(&role) || MERGED.contains(&role)
}

fn needs_state(hook: &Hook, context: &Context) -> bool {
    context.found.has_state(hook) || hook.parameters.iter().any(|role| MERGED.contains(role))
}

/// Whether no hook before this one takes the same state, which is missed once.
fn is_first_with_state(hook: &Hook, context: &Context) -> bool {
    let takes_it = |earlier: &Hook| {
        let function = context.found.function(earlier.id).filter(|_| earlier.state_from == hook.state_from);
        let roles = function.and_then(|function| roles(earlier, &typed(function), context));
        roles.is_some_and(|roles| has_state(&roles))
    };
    !HOOKS.iter().take_while(|earlier| earlier.id != hook.id).any(takes_it)
}

/// Whether nothing speaks against a parameter of this type having this role.
fn could_be(role: Role, ty: &Type, hook: &Hook, context: &Context) -> bool {
    // What the last hook takes by value is a state, whether there is one or not.
    let may_be_alias = !hook.parameters.contains(&Role::StateByValue) || context.found.has_state(hook);
    match (role, ty) {
        (Role::Config, Type::Reference(ty)) => ty.mutability.is_none(),
        (Role::Config, _) => may_be_alias,
        (Role::Device | Role::StateByMut | Role::Into, ty) => !is_config(ty, context),
        _ => true,
    }
}

/// Whether a parameter of this type has probably been meant to have this role.
fn looks_like(role: Role, ty: &Type) -> bool {
    match (role, ty) {
        (Role::Config, Type::Reference(ty)) => ty.mutability.is_none(),
        (Role::StateByMut | Role::Into, Type::Reference(ty)) => ty.mutability.is_some(),
        (Role::StateByValue | Role::From, ty) => !matches!(ty, Type::Reference(_)),
        (Role::Item | Role::Items | Role::Output | Role::OneOutput, _) => true,
        (Role::Device | Role::Config | Role::StateByMut | Role::Into, _) => false,
    }
}

fn is_config(ty: &Type, context: &Context) -> bool {
    matches!(ty, Type::Reference(ty) if ty.mutability.is_none() && context.config == Some(source(&ty.elem)))
}

/// The config where the device or the state belongs, if this is all that is wrong.
fn misplaced_config<'a>(
    hook: &Hook,
    parameters: &[&'a PatType],
    context: &Context,
) -> Option<(&'a PatType, Role)> {
    let roles = allowed(hook, context).find(|roles| roles.len() == parameters.len())?;
    let mut pairs = roles.into_iter().zip(parameters);
    let (role, config) = pairs.find(|(_, parameter)| is_config(bare(&parameter.ty), context))?;
    (role != Role::Config).then_some((config, role))
}

/// A worker, or the run, keeps the state from one call to the next.
fn check_state(hook: &Hook, ty: &Type, faults: &mut Faults) {
    if matches!(bare(ty), Type::Reference(ty) if ty.mutability.is_some()) {
        return;
    }
    let keeps = match hook.id {
        HookId::ProducerWork => "the worker keeps it for the next item",
        HookId::ConsumerMerge => "the run keeps it for the next one to merge",
        _ => "the run keeps it for the next output",
    };
    faults.add(
        ty,
        format!("hook `{}` takes its state by `&mut`: {keeps}", hook.name),
        format!("write `&mut {}`", referent(ty)),
    );
}

/// The type without its `&`, for a message.
fn referent(ty: &Type) -> String {
    match bare(ty) {
        Type::Reference(ty) => source(&ty.elem),
        ty => source(ty),
    }
}

fn report_config(hook: &Hook, parameter: &PatType, faults: &mut Faults) {
    let config = referent(&parameter.ty);
    faults.add(
        parameter,
        format!("hook `{}` takes a config, but the runner has none", hook.name),
        format!("declare it, `#[parallel_runner(config = {config})]`, or drop the parameter"),
    );
}

fn report_state_from_nowhere(hook: &Hook, parameter: &PatType, faults: &mut Faults) {
    let state = referent(&parameter.ty);
    let Some(init) = hook.state_from.map(HookId::hook) else { return };
    let device = if init.id == HookId::ProducerInit { "device: &Device" } else { "" };
    let without = if hook.id == HookId::ConsumerMerge { "hook" } else { "parameter" };
    faults.add(
        parameter,
        format!("hook `{}` takes a state, but there is no `{}` to make it", hook.name, init.name),
        format!("add `fn {}({device}) -> {state} {{ … }}`, or drop the {without}", init.name),
    );
}

fn report_count(hook: &Hook, function: &Function, context: &Context, faults: &mut Faults) {
    let signature = &function.signature;
    let mut list = Group::new(Delimiter::Parenthesis, signature.inputs.to_token_stream());
    list.set_span(signature.paren_token.span.join());
    let counts: Vec<usize> = allowed(hook, context).map(|roles| roles.len()).collect();
    let expected = match (counts.iter().min(), counts.iter().max()) {
        (None | Some(0), None | Some(0)) => "none".to_owned(),
        (Some(least), Some(most)) if least != most => format!("{least} to {most}"),
        (_, most) => most.map(usize::to_string).unwrap_or_default(),
    };
    let found = signature.inputs.len();
    faults.add(
        TokenTree::from(list),
        format!(
            "hook `{}` has the wrong number of parameters: found {found}, expected {expected}",
            hook.name
        ),
        format!("write `{}`", context.usage(hook)),
    );
}
