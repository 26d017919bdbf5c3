//! Model in, code out. Nothing here can fail, and nothing here runs the user's data: everything with a loop, a thread
//! or a channel is in `easycore`.
//!
//! The user's block comes first and as it was, because editors look for their place in it. Below it stand the
//! generated type, the hidden type that implements `Hooks`, and, in a block of its own, everything else.

mod call;
mod faulty;
mod hooks;
mod runner;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

pub(crate) use faulty::{faulty, misplaced};

use crate::model::{Call, Model};
use crate::paths::{batch_type, hooks_type, support};

/// The runner for a sound block.
pub(crate) fn sound(model: &Model) -> TokenStream {
    let outline = &model.outline;
    let block = &outline.block;
    let hooks_type = hooks_type(&outline.name);
    let runtime = &outline.runtime;
    let (_, arguments, _) = outline.generics.split_for_impl();
    let declaration = runner::declare(outline, &quote!(#runtime::Runner<#hooks_type #arguments>));
    let hooks_declaration = hooks::declare(outline);
    let types = Types::of(model);
    let runner = runner::implement(outline, &types, hooks::merge(model).is_some());
    let hooks = hooks::implement(model, &types);
    let batch = hooks::judge_batch(model);
    let support = support();
    quote! {
        #block
        #declaration
        #hooks_declaration
        const _: () = {
            use #runtime::__private as #support;
            #batch
            #runner
            #hooks
        };
    }
}

/// The types of the data, as the methods of the generated type name them.
struct Types {
    config: Option<TokenStream>,
    item: TokenStream,
    output: TokenStream,
    consumer_state: TokenStream,
    outcome: TokenStream,
}

impl Types {
    fn of(model: &Model) -> Self {
        let support = support();
        let (mut item, mut output) = (model.producer.item.clone(), value(&model.producer.work));
        if model.batch.is_some() {
            let judged = batch_type(&model.outline.name);
            let element = |batch: &TokenStream| quote!(<#batch as #support::Batched<#judged>>::Element);
            (item, output) = (element(&item), element(&output));
        }
        let consumer_state = match &model.consumer {
            None => quote!(#support::Vec<#output>),
            Some(consumer) => consumer.init.as_ref().map_or_else(|| quote!(()), value),
        };
        let end = model.consumer.as_ref().and_then(|consumer| consumer.end.as_ref());
        let outcome = end.map_or_else(|| consumer_state.clone(), value);
        Self { config: model.outline.config.clone(), item, output, consumer_state, outcome }
    }
}

/// The type of what a hook gives when it does not fail.
fn value(call: &Call) -> TokenStream {
    let returns = &call.returns;
    if call.fallible {
        let support = support();
        let name = call::span_of_name(returns);
        quote_spanned!(name=> <#returns as #support::Fallible>::Value)
    } else {
        returns.clone()
    }
}
