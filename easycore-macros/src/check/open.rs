//! Lifetimes that are left open, in types that outlive the call of the hook.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::visit::{Visit, visit_type_reference};
use syn::{
    GenericParam, Lifetime, ParenthesizedGenericArguments, ReturnType, Type, TypeFnPtr, TypeReference,
};

use super::Context;
use crate::diagnostics::{Faults, source};
use crate::hook::{Hook, HookId, Returns};
use crate::syntax::Function;

/// The item comes from outside, before the hook is called.
pub(super) fn check_item(hook: &Hook, ty: &Type, context: &Context, faults: &mut Faults) {
    if let Some(open) = find(ty) {
        faults.add(
            &open.token,
            format!("hook `{}` must name the lifetime of its item, which outlives the call", hook.name),
            help(&open, context),
        );
    }
}

/// What a hook returns is kept after the call.
pub(super) fn check_return(hook: &Hook, function: &Function, context: &Context, faults: &mut Faults) {
    let (Returns::Value(_), ReturnType::Type(_, ty)) = (hook.returns, &function.signature.output) else {
        return;
    };
    if let Some(open) = find(ty) {
        let (what, help) = match hook.id {
            HookId::ProducerInit => ("its state", "return an owned value: the worker keeps it".to_owned()),
            HookId::ProducerWork => ("its output", help(&open, context)),
            HookId::ConsumerInit => ("its state", help(&open, context)),
            _ => ("the run's result", help(&open, context)),
        };
        let name = hook.name;
        let message = format!("hook `{name}` must name the lifetime of {what}, which outlives the call");
        faults.add(&open.token, message, help);
    }
}

/// The config is kept for as long as the runner lives.
pub(super) fn check_config(ty: &Type, faults: &mut Faults) {
    if let Some(open) = find(ty) {
        faults.add(
            &open.token,
            "the config must own its data, because every worker keeps it",
            format!("write an owned type, or `{}`", open.with("'static")),
        );
    }
}

fn help(open: &Open, context: &Context) -> String {
    let block = context.block;
    let declared = block.generics.params.iter().find_map(|parameter| match parameter {
        GenericParam::Lifetime(parameter) => Some(parameter.lifetime.to_string()),
        _ => None,
    });
    match declared {
        Some(lifetime) => format!("take an owned value, or write `{}`", open.with(&lifetime)),
        None => format!("use an owned value, or `impl<'a> {}<'a>` with `{}`", block.name, open.with("'a")),
    }
}

/// The first lifetime that a type leaves open.
struct Open {
    token: TokenStream,
    /// The reference without its `&`, if it is one.
    referent: Option<String>,
}

impl Open {
    fn with(&self, lifetime: &str) -> String {
        self.referent
            .as_ref()
            .map_or_else(|| lifetime.to_owned(), |referent| format!("&{lifetime} {referent}"))
    }
}

fn find(ty: &Type) -> Option<Open> {
    let mut finder = Finder(None);
    finder.visit_type(ty);
    finder.0
}

struct Finder(Option<Open>);

impl Visit<'_> for Finder {
    fn visit_type_reference(&mut self, ty: &TypeReference) {
        if ty.lifetime.is_none() {
            self.0.get_or_insert_with(|| {
                let TypeReference { and_token, mutability, elem, .. } = ty;
                Open { token: and_token.to_token_stream(), referent: Some(source(quote!(#mutability #elem))) }
            });
        }
        visit_type_reference(self, ty);
    }

    fn visit_lifetime(&mut self, lifetime: &Lifetime) {
        if lifetime.ident == "_" {
            self.0.get_or_insert_with(|| Open { token: lifetime.to_token_stream(), referent: None });
        }
    }

    // In these, an open lifetime stands for any.
    fn visit_type_fn_ptr(&mut self, _: &TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments(&mut self, _: &ParenthesizedGenericArguments) {}
}
