//! The hidden type that implements `Hooks`: each of its functions calls the user's hook of the same name.
//!
//! Where two hooks must agree on a type, the user's type is written as the `Self` of a trait of `easycore`'s that only
//! the other hook's type fulfils. The compiler then judges, sees through aliases, and blames the whole type.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::{GenericParam, Generics};

use super::{Types, value};
use crate::hook::{Hook, HookId, Returns, Role};
use crate::model::{Argument, Call, Model, Outline};
use crate::paths::{hooks_type, support, thread_name};
use crate::syntax::Order;

/// The type. It is never made, and holds the parameters of the runner only to have used them.
pub(super) fn declare(outline: &Outline) -> TokenStream {
    let Outline { name, generics, runtime, .. } = outline;
    let hooks_type = hooks_type(name);
    let bounds = &generics.where_clause;
    let field =
        parameters_in_use(generics).map(|used| quote!(_parameters: #runtime::__private::PhantomData<#used>));
    quote! {
        struct #hooks_type #generics #bounds { #field }
    }
}

/// A type that uses all parameters of the block, if there are any.
pub(super) fn parameters_in_use(generics: &Generics) -> Option<TokenStream> {
    let used = generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Lifetime(parameter) => {
            let lifetime = &parameter.lifetime;
            Some(quote!(&#lifetime ()))
        }
        GenericParam::Type(parameter) => {
            let ident = &parameter.ident;
            Some(quote!(*const #ident))
        }
        GenericParam::Const(_) => None,
    });
    let used: Vec<TokenStream> = used.collect();
    (!used.is_empty()).then(|| quote!(fn() -> (#(#used,)*)))
}

pub(super) fn implement(model: &Model) -> TokenStream {
    let outline = &model.outline;
    let ec = support();
    let hooks_type = hooks_type(&outline.name);
    let (parameters, arguments, bounds) = outline.generics.split_for_impl();
    let Types { config, item, output, consumer_state, outcome } = Types::of(model);
    let config = config.unwrap_or_else(|| quote!(()));
    let producer_state = model.producer.init.as_ref().map_or_else(|| quote!(()), value);
    let name = thread_name(&outline.name);
    let order = match model.order {
        Order::Ordered => None,
        Order::Unordered => Some(quote!(const ORDER: #ec::Order = #ec::Order::Unordered;)),
    };
    let lints = &outline.lints;
    let functions = functions(model);
    quote! {
        #(#lints)*
        impl #parameters #ec::Hooks for #hooks_type #arguments #bounds {
            const NAME: &'static str = #name;
            #order
            type Config = #config;
            type Item = #item;
            type Output = #output;
            type ProducerState = #producer_state;
            type ConsumerState = #consumer_state;
            type Outcome = #outcome;
            #functions
        }
    }
}

fn functions(model: &Model) -> TokenStream {
    let ec = support();
    let outline = &model.outline;
    let producer = &model.producer;
    let call = |call: &Call| function(call.hook, &call.roles(), &body(call, outline));
    let nothing = |id: HookId| function(id.hook(), &[], &quote!(#ec::Ok(())));

    let producer_init = producer.init.as_ref().map_or_else(|| nothing(HookId::ProducerInit), call);
    let producer_work = call(&producer.work);
    let producer_end = producer.end.as_ref().map(call);
    let consumer = model.consumer.as_ref();
    let consumer_init = match consumer {
        None => function(HookId::ConsumerInit.hook(), &[], &quote!(#ec::Ok(#ec::Vec::new()))),
        Some(consumer) => consumer.init.as_ref().map_or_else(|| nothing(HookId::ConsumerInit), call),
    };
    let consumer_work = consumer.map_or_else(
        || {
            let collects = [Role::StateByMut, Role::Output];
            function(HookId::ConsumerWork.hook(), &collects, &quote!(#ec::collect(state, data)))
        },
        |consumer| call(&consumer.work),
    );
    let consumer_end = consumer.and_then(|consumer| consumer.end.as_ref()).map_or_else(
        || function(HookId::ConsumerEnd.hook(), &[Role::StateByValue], &quote!(#ec::Ok(state))),
        call,
    );
    quote!(#producer_init #producer_work #producer_end #consumer_init #consumer_work #consumer_end)
}

/// One function of the trait, of whose parameters the body uses those in `used`.
fn function(hook: &Hook, used: &[Role], body: &TokenStream) -> TokenStream {
    let ec = support();
    let name = Ident::new(hook.name, Span::call_site());
    let state = state_of(hook);
    let parameters = hook.parameters.iter().map(|role| {
        let pattern = if used.contains(role) { variable(*role) } else { quote!(_) };
        let ty = match role {
            Role::Device => quote!(&#ec::Worker),
            Role::Config => quote!(&Self::Config),
            Role::StateByMut => quote!(&mut #state),
            Role::StateByValue => state.clone(),
            Role::Item => quote!(Self::Item),
            Role::Output => quote!(Self::Output),
        };
        quote!(#pattern: #ty)
    });
    let returns = match hook.id {
        HookId::ProducerInit | HookId::ConsumerInit => state.clone(),
        HookId::ProducerWork => quote!(Self::Output),
        HookId::ProducerEnd => quote!(()),
        HookId::ConsumerWork => quote!(#ec::ControlFlow<()>),
        HookId::ConsumerEnd => quote!(Self::Outcome),
    };
    // Per item, so that it must not cost a call even from another crate.
    let inline = hook.parameters.contains(&Role::StateByMut).then(|| quote!(#[inline]));
    quote! {
        #inline
        fn #name(#(#parameters),*) -> #ec::HookResult<#returns> {
            #body
        }
    }
}

fn variable(role: Role) -> TokenStream {
    match role {
        Role::Device => quote!(worker),
        Role::Config => quote!(config),
        Role::StateByMut | Role::StateByValue => quote!(state),
        Role::Item | Role::Output => quote!(data),
    }
}

/// The call of the user's hook.
fn body(call: &Call, outline: &Outline) -> TokenStream {
    let ec = support();
    if call.ambiguous {
        return quote!(#ec::ambiguous());
    }
    let Outline { name, generics, .. } = outline;
    let (_, parameters, _) = generics.split_for_impl();
    let hook = &call.name;
    let arguments = call.arguments.iter().map(|argument| self::argument(call.hook, argument));
    let called = quote!(<#name #parameters>::#hook(#(#arguments),*));
    let plain = value(call);
    let convert = match call.hook.returns {
        Returns::Value(_) => None,
        Returns::Nothing => Some(quote!(<#plain as #ec::ReturnsNothing>::nothing)),
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
            let result = placed(span_of_result(&call.returns), result);
            quote!(let result = #called; #result #convert)
        }
    }
}

/// What a parameter of the user's hook is given.
fn argument(hook: &Hook, argument: &Argument) -> TokenStream {
    let ec = support();
    let Argument { role, ty } = argument;
    let value = variable(*role);
    let module = module(hook);
    let state = state_of(hook);
    match (role, hook.is_producer()) {
        (Role::Device, _) => quote!(<#ty as #ec::FromWorker<'_>>::from_worker(#value)),
        (Role::Config, _) => quote!(<#ty as #module::TakesConfig<'_, Self::Config>>::take(#value)),
        (Role::StateByMut, true) => quote!(<#ty as #ec::WorkerState<'_, #state>>::take(#value)),
        (Role::StateByMut, false) => quote!(<#ty as #ec::RunState<'_, #state>>::take(#value)),
        (Role::StateByValue, true) => quote!(<#ty as #ec::LastWorkerState<#state>>::take(#value)),
        (Role::StateByValue, false) => quote!(<#ty as #ec::LastRunState<#state>>::take(#value)),
        (Role::Item, _) => value,
        (Role::Output, _) => quote!(<#ty as #ec::TakesOutput<Self::Output>>::take(#value)),
    }
}

fn state_of(hook: &Hook) -> TokenStream {
    if hook.is_producer() { quote!(Self::ProducerState) } else { quote!(Self::ConsumerState) }
}

/// Where the support code has what bears the hook's name.
fn module(hook: &Hook) -> TokenStream {
    let ec = support();
    let name = Ident::new(hook.name, Span::call_site());
    quote!(#ec::#name)
}

/// Where the user wrote `Result`.
fn span_of_result(returns: &TokenStream) -> Span {
    let names = returns.clone().into_iter().filter(|token| matches!(token, TokenTree::Ident(_)));
    let result = names.clone().find(|name| name.to_string() == "Result");
    result.or(names.last()).map_or_else(Span::call_site, |name| name.span())
}

/// `tokens` as if they all stood in one place.
fn placed(span: Span, tokens: TokenStream) -> TokenStream {
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
