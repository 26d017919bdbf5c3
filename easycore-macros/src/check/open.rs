//! Lifetimes that are left open, in types that outlive the call of the hook, and lifetimes that nobody declares.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::visit::{Visit, visit_type_reference};
use syn::{
    FnArg, Lifetime, LifetimeParam, ParenthesizedGenericArguments, ReturnType, Type, TypeFnPtr, TypeReference,
};

use super::Context;
use crate::diagnostics::{Faults, source};
use crate::hook::{Hook, HookId, Returns};
use crate::syntax::{Block, Function};

/// The item comes from outside, before the hook is called.
pub(super) fn check_item(hook: &Hook, ty: &Type, context: &Context, faults: &mut Faults) {
    if let Some(open) = find(ty) {
        faults.add(
            &open,
            format!("hook `{}` must name the lifetime of its item, which outlives the call", hook.name),
            help(ty, context),
        );
    }
}

/// What a hook returns is kept after the call.
pub(super) fn check_return(hook: &Hook, function: &Function, context: &Context, faults: &mut Faults) {
    let (Returns::Value(_) | Returns::Outputs, ReturnType::Type(_, ty)) =
        (hook.returns, &function.signature.output)
    else {
        return;
    };
    let takes_open =
        |argument: &FnArg| matches!(argument, FnArg::Typed(argument) if find(&argument.ty).is_some());
    let item_is_open =
        hook.id == HookId::ProducerWork && function.signature.inputs.last().is_some_and(takes_open);
    // An output that borrows from such an item is the same mistake.
    if let Some(open) = find(ty).filter(|_| !item_is_open) {
        let (what, help) = match hook.id {
            HookId::ProducerInit => ("its state", "return an owned value: the worker keeps it".to_owned()),
            HookId::ProducerWork => ("its output", help(ty, context)),
            HookId::ConsumerInit => ("its state", help(ty, context)),
            _ => ("the run's result", help(ty, context)),
        };
        let name = hook.name;
        let message = format!("hook `{name}` must name the lifetime of {what}, which outlives the call");
        faults.add(&open, message, help);
    }
}

/// Whether all lifetimes by name are declared. If not, the hook has to go, or the compiler would say so once more.
pub(super) fn are_declared(hook: &Hook, function: &Function, block: &Block, faults: &mut Faults) -> bool {
    struct Named<'a>(Vec<&'a Lifetime>, Vec<&'a Lifetime>);
    impl<'a> Visit<'a> for Named<'a> {
        fn visit_lifetime(&mut self, lifetime: &'a Lifetime) {
            self.0.push(lifetime);
        }
        fn visit_lifetime_param(&mut self, declared: &'a LifetimeParam) {
            self.1.push(&declared.lifetime);
        }
    }
    let mut named =
        Named(Vec::new(), block.generics.lifetimes().map(|declared| &declared.lifetime).collect());
    named.visit_signature(&function.signature);
    let Named(used, declared) = named;
    let is_known = |lifetime: &Lifetime| ["static", "_"].iter().any(|known| lifetime.ident == known);
    let Some(unknown) = used.into_iter().find(|used| !declared.contains(used) && !is_known(used)) else {
        return true;
    };
    faults.add(
        unknown,
        format!("hook `{}` uses `{unknown}`, which the block does not declare", hook.name),
        format!("declare it, as in `impl<{unknown}> {}<{unknown}>`", block.name),
    );
    false
}

/// The config is kept for as long as the runner lives.
pub(super) fn check_config(ty: &Type, faults: &mut Faults) {
    if let Some(open) = find(ty) {
        let message = "the config must own its data, because every worker keeps it";
        faults.add(&open, message, format!("use an owned type, or `{}`", closed(ty, "'static")));
    }
}

fn help(ty: &Type, context: &Context) -> String {
    let block = context.block;
    let declared = block.generics.lifetimes().next();
    if let Some(declared) = declared {
        return format!("use an owned type, or write `{}`", closed(ty, &declared.lifetime.to_string()));
    }
    let name = &block.name;
    format!("use an owned type, or `impl<'a> {name}<'a>` with `{}`", closed(ty, "'a"))
}

/// The type, with `lifetime` wherever it leaves one open.
fn closed(ty: &Type, lifetime: &str) -> String {
    let text = source(ty).replace("'_", lifetime);
    let mut parts = text.split('&');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let lifetime = if part.starts_with('\'') { String::new() } else { format!("{lifetime} ") };
        format!("{text}&{lifetime}{part}")
    })
}

/// The first lifetime that a type leaves open.
fn find(ty: &Type) -> Option<TokenStream> {
    let mut finder = Finder(None);
    finder.visit_type(ty);
    finder.0
}

struct Finder(Option<TokenStream>);

impl Visit<'_> for Finder {
    fn visit_type_reference(&mut self, ty: &TypeReference) {
        if ty.lifetime.is_none() {
            self.0.get_or_insert_with(|| ty.and_token.to_token_stream());
        }
        visit_type_reference(self, ty);
    }

    fn visit_lifetime(&mut self, lifetime: &Lifetime) {
        if lifetime.ident == "_" {
            self.0.get_or_insert_with(|| lifetime.to_token_stream());
        }
    }

    // In these, an open lifetime stands for any.
    fn visit_type_fn_ptr(&mut self, _: &TypeFnPtr) {}
    fn visit_parenthesized_generic_arguments(&mut self, _: &ParenthesizedGenericArguments) {}
}

#[cfg(test)]
mod tests {
    use super::closed;
    use syn::parse_quote;

    #[test]
    fn a_lifetime_is_written_wherever_one_is_open() {
        let closed = |ty| closed(&ty, "'a");
        assert_eq!(closed(parse_quote!((&mut u8, Frame<'_>))), "(&'a mut u8, Frame<'a>)");
        assert_eq!(closed(parse_quote!(&'b [&u8])), "&'b [&'a u8]");
    }
}
