//! The call of a hook from the function of the trait that stands for it.
//!
//! Where two hooks must agree on a type, the user's type is written as the `Self` of a trait of `easycore`'s that only
//! the other hook's type fulfils. The compiler then judges, sees through aliases, and blames the whole type.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;

use super::value;
use crate::hook::{Hook, Returns, Role};
use crate::model::{Argument, Call, Outline};
use crate::paths::{batch_type, support};

/// The body of the trait's function.
pub(super) fn body(call: &Call, outline: &Outline) -> TokenStream {
    let ec = support();
    if call.ambiguous {
        return quote!(#ec::ambiguous());
    }
    let Outline { name, generics, .. } = outline;
    let (_, parameters, _) = generics.split_for_impl();
    let hook = &call.name;
    let arguments = call.arguments.iter().map(|argument| self::argument(call.hook, argument, name));
    let called = quote!(<#name #parameters>::#hook(#(#arguments),*));
    let plain = value(call);
    let convert = match call.hook.returns {
        Returns::Value(_) => None,
        Returns::Outputs => {
            let judged = batch_type(name);
            Some(quote!(<#plain as #ec::Batched<#judged>>::give))
        }
        Returns::Nothing if call.hook.is_producer() => Some(quote!(<#plain as #ec::EndsOnly>::nothing)),
        Returns::Nothing => Some(quote!(<#plain as #ec::MergesOnly>::nothing)),
        Returns::Flow => Some(quote!(<#plain as #ec::ReturnsFlow>::flow)),
    };
    match (call.fallible, convert) {
        (false, None) => quote!(#ec::Ok(#called)),
        (false, Some(convert)) => quote!(let result = #called; #ec::Ok(#convert(result))),
        (true, convert) => {
            let module = module(call.hook);
            let convert = convert.map(|convert| quote!(.map(#convert)));
            // What is returned as an error may be none, and then the return type is to blame.
            let result = quote!(result.map_err(#module::Failure::into_error));
            let result = placed(span_of_name(&call.returns), result);
            quote!(let result = #called; #result #convert)
        }
    }
}

/// What a parameter of the user's hook is given.
fn argument(hook: &Hook, argument: &Argument, runner: &Ident) -> TokenStream {
    let ec = support();
    let Argument { role, ty } = argument;
    let value = variable(*role);
    let module = module(hook);
    let state = state_of(hook);
    match (role, hook.is_producer()) {
        (Role::Device, _) => quote!(<#ty as #ec::FromWorker<'_>>::from_worker(#value)?),
        (Role::Config, _) => quote!(<#ty as #module::TakesConfig<'_, Self::Config>>::take(#value)),
        (Role::StateByMut, true) => quote!(<#ty as #ec::WorkerState<'_, #state>>::take(#value)),
        (Role::StateByMut, false) => quote!(<#ty as #ec::RunState<'_, #state>>::take(#value)),
        (Role::StateByValue, true) => quote!(<#ty as #ec::LastWorkerState<#state>>::take(#value)),
        (Role::StateByValue, false) => quote!(<#ty as #ec::LastRunState<#state>>::take(#value)),
        (Role::Into, _) => quote!(<#ty as #ec::MergedInto<'_, #state>>::take(#value)),
        (Role::From, _) => quote!(<#ty as #ec::MergedFrom<#state>>::take(#value)),
        (Role::Item, _) => value,
        (Role::Items, _) => {
            let judged = batch_type(runner);
            quote!(<#ty as #ec::Batched<#judged>>::take(#value))
        }
        (Role::Output, _) => quote!(<#ty as #ec::TakesOutput<Self::Output>>::take(#value)),
        (Role::OneOutput, _) => quote!(<#ty as #ec::TakesOutputOfBatch<Self::Output>>::take(#value)),
    }
}

/// What the parameter is called in the function of the trait.
pub(super) fn variable(role: Role) -> TokenStream {
    match role {
        Role::Device => quote!(worker),
        Role::Config => quote!(config),
        Role::StateByMut | Role::StateByValue => quote!(state),
        Role::Into => quote!(into),
        Role::From => quote!(from),
        Role::Item | Role::Items | Role::Output | Role::OneOutput => quote!(data),
    }
}

pub(super) fn state_of(hook: &Hook) -> TokenStream {
    if hook.is_producer() { quote!(Self::ProducerState) } else { quote!(Self::ConsumerState) }
}

/// Where the support code has what bears the hook's name.
fn module(hook: &Hook) -> TokenStream {
    let ec = support();
    let name = Ident::new(hook.name, Span::call_site());
    quote!(#ec::#name)
}

/// Where the user wrote the name of the type, without its path and its parameters.
pub(super) fn span_of_name(ty: &TokenStream) -> Span {
    let before_parameters =
        |token: &TokenTree| !matches!(token, TokenTree::Punct(punct) if punct.as_char() == '<');
    let names = ty.clone().into_iter().take_while(before_parameters);
    let name = names.filter(|token| matches!(token, TokenTree::Ident(_))).last();
    name.map_or_else(Span::call_site, |name| name.span())
}

/// `tokens` as if they all stood in one place.
pub(super) fn placed(span: Span, tokens: TokenStream) -> TokenStream {
    let place = |token: TokenTree| {
        let mut token = match token {
            TokenTree::Group(group) => Group::new(group.delimiter(), placed(span, group.stream())).into(),
            token => token,
        };
        token.set_span(span);
        token
    };
    tokens.into_iter().map(place).collect()
}
