//! The hidden type that implements `Hooks`: each of its functions calls the user's hook of the same name.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{GenericParam, Generics};

use super::call::{self, placed, span_of_name, state_of, variable};
use super::{Types, value};
use crate::hook::{Hook, HookId, Role};
use crate::model::{Call, Model, Outline};
use crate::paths::{batch_type, hooks_type, support, thread_name, without_lifetimes};
use crate::syntax::{Batch, Order};

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

pub(super) fn implement(model: &Model, types: &Types) -> TokenStream {
    let outline = &model.outline;
    let ec = support();
    let hooks_type = hooks_type(&outline.name);
    let (parameters, arguments, bounds) = outline.generics.split_for_impl();
    let Types { config, item, output, consumer_state, outcome } = types;
    let config = config.clone().unwrap_or_else(|| quote!(()));
    let producer_state = model.producer.init.as_ref().map_or_else(|| quote!(()), value);
    let name = thread_name(&outline.name);
    let order = match model.order {
        Order::Ordered => None,
        Order::Unordered => Some(quote!(const ORDER: #ec::Order = #ec::Order::Unordered;)),
    };
    let batch = model.batch.map(batch);
    let retries = model.retries.map(Literal::usize_unsuffixed);
    let retries = retries.map(|retries| quote!(const RETRIES: usize = #retries;));
    let copy_item = model.retries.map(|_| copy_item(model));
    let stateless = model.producer.init.is_none().then(|| {
        quote!(
            const STATELESS: bool = true;
        )
    });
    let lints = &outline.lints;
    let functions = functions(model);
    let merge = merge(model).map(|merge| {
        let function = call(merge, outline);
        // If the states cannot go from thread to thread, their type is to blame.
        let blamed = span_of_name(consumer_state);
        let head = placed(blamed, quote!(#ec::MergeHooks for #hooks_type));
        quote_spanned! {blamed=>
            #(#lints)*
            impl #parameters #head #arguments #bounds { #function }
        }
    });
    quote! {
        #(#lints)*
        impl #parameters #ec::Hooks for #hooks_type #arguments #bounds {
            const NAME: &'static str = #name;
            #order
            #batch
            #retries
            #stateless
            type Config = #config;
            type Item = #item;
            type Output = #output;
            type ProducerState = #producer_state;
            type ConsumerState = #consumer_state;
            type Outcome = #outcome;
            #functions
            #copy_item
        }
        #merge
    }
}

/// Has the compiler judge the types of a hook that works in batches; see `Batched` in the support code. The length of an
/// array cannot depend on types of the block's, and then there is more than one error about one that is wrong.
pub(super) fn judge_batch(model: &Model) -> Option<TokenStream> {
    model.batch?;
    let ec = support();
    let Outline { name, generics, .. } = &model.outline;
    let judged = batch_type(name);
    let judge = |ty: &TokenStream, by: TokenStream| {
        let ty = without_lifetimes(ty, generics);
        ty.map_or_else(|| quote!(1), |ty| quote!(<#ty as #ec::#by>::ONE))
    };
    let items = judge(&model.producer.item, quote!(BatchOfItems));
    let outputs = judge(&value(&model.producer.work), quote!(BatchOfOutputs));
    Some(quote!(type #judged = [(); #items + #outputs];))
}

/// The hook that makes the hidden type implement `MergeHooks`, too.
pub(super) fn merge(model: &Model) -> Option<&Call> {
    model.consumer.as_ref()?.merge.as_ref()
}

fn batch(batch: Batch) -> TokenStream {
    let ec = support();
    let max = Literal::usize_unsuffixed(batch.max);
    let delay = batch.delay.map(|delay| {
        let delay = Literal::u64_unsuffixed(delay);
        quote!(.delay(#ec::Duration::from_micros(#delay)))
    });
    quote!(const BATCH: #ec::Option<#ec::Batch> = #ec::Some(#ec::Batch::new(#max) #delay);)
}

/// The function that copies an item to be tried again. If items are no `Clone`, the type by which the hook takes them is to
/// blame.
fn copy_item(model: &Model) -> TokenStream {
    let ec = support();
    let taken = &model.producer.item;
    let item = model.batch.map_or_else(
        || taken.clone(),
        |_| {
            let judged = batch_type(&model.outline.name);
            let spans: Vec<Span> = taken.clone().into_iter().map(|token| token.span()).collect();
            let place = |span: Option<&Span>| span.copied().unwrap_or_else(Span::call_site);
            let open = quote_spanned!(place(spans.first())=> <);
            let close = quote_spanned!(place(spans.last())=> as #ec::Batched<#judged>>::Element);
            quote!(#open #taken #close)
        },
    );
    quote! {
        #[inline]
        fn copy_item(item: &Self::Item) -> #ec::Option<Self::Item> {
            #ec::Some(<#item as #ec::TriedAgain>::copy(item))
        }
    }
}

fn functions(model: &Model) -> TokenStream {
    let ec = support();
    let producer = &model.producer;
    let call = |hook: &Call| call(hook, &model.outline);
    let nothing = |id: HookId| function(id.hook(), &[], &quote!(#ec::Ok(())));

    let producer_init = producer.init.as_ref().map_or_else(|| nothing(HookId::ProducerInit), call);
    let batch_of_one = model.batch.map(|_| {
        let work = HookId::ProducerWork.hook();
        function(work, work.parameters, &quote!(#ec::batch_of_one::<Self>(config, state, data)))
    });
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
    quote!(#producer_init #batch_of_one #producer_work #producer_end #consumer_init #consumer_work #consumer_end)
}

/// The function of the trait that calls the user's hook.
fn call(call: &Call, outline: &Outline) -> TokenStream {
    function(call.hook, &call.roles(), &call::body(call, outline))
}

/// One function of the traits, of whose parameters the body uses those in `used`.
fn function(hook: &Hook, used: &[Role], body: &TokenStream) -> TokenStream {
    let ec = support();
    let works_in_batches = hook.parameters.contains(&Role::Items);
    let name = Ident::new(if works_in_batches { "producer_batch" } else { hook.name }, Span::call_site());
    let state = state_of(hook);
    let parameters = hook.parameters.iter().map(|role| {
        let pattern = if used.contains(role) { variable(*role) } else { quote!(_) };
        let ty = match role {
            Role::Device => quote!(&#ec::Worker),
            Role::Config => quote!(&Self::Config),
            Role::StateByMut | Role::Into => quote!(&mut #state),
            Role::StateByValue | Role::From => state.clone(),
            Role::Item => quote!(Self::Item),
            Role::Items => quote!(#ec::Vec<Self::Item>),
            Role::Output | Role::OneOutput => quote!(Self::Output),
        };
        quote!(#pattern: #ty)
    });
    let returns = match hook.id {
        HookId::ProducerInit | HookId::ConsumerInit => state.clone(),
        HookId::ProducerWork if works_in_batches => quote!(#ec::Vec<Self::Output>),
        HookId::ProducerWork => quote!(Self::Output),
        HookId::ProducerEnd | HookId::ConsumerMerge => quote!(()),
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
