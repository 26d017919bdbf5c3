//! Lifetimes that are left open, in types that outlive the call of the hook.

use proc_macro2::{Group, TokenStream, TokenTree};
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
            &open,
            format!("hook `{}` must name the lifetime of its item, which outlives the call", hook.name),
            help(ty, context),
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
            HookId::ProducerWork => ("its output", help(ty, context)),
            HookId::ConsumerInit => ("its state", help(ty, context)),
            _ => ("the run's result", help(ty, context)),
        };
        let name = hook.name;
        let message = format!("hook `{name}` must name the lifetime of {what}, which outlives the call");
        faults.add(&open, message, help);
    }
}

/// The config is kept for as long as the runner lives.
pub(super) fn check_config(ty: &Type, faults: &mut Faults) {
    if let Some(open) = find(ty) {
        let closed = source(closed(ty.to_token_stream(), &quote!('static)));
        let message = "the config must own its data, because every worker keeps it";
        faults.add(&open, message, format!("use an owned type, or `{closed}`"));
    }
}

fn help(ty: &Type, context: &Context) -> String {
    let block = context.block;
    let declared = block.generics.params.iter().find_map(|parameter| match parameter {
        GenericParam::Lifetime(parameter) => Some(parameter.lifetime.to_token_stream()),
        _ => None,
    });
    let closed = |lifetime: &TokenStream| source(closed(ty.to_token_stream(), lifetime));
    if let Some(lifetime) = declared {
        return format!("use an owned type, or write `{}`", closed(&lifetime));
    }
    let name = &block.name;
    format!("use an owned type, or `impl<'a> {name}<'a>` with `{}`", closed(&quote!('a)))
}

/// The type with `lifetime` wherever it leaves one open.
fn closed(ty: TokenStream, lifetime: &TokenStream) -> TokenStream {
    let mut closed = TokenStream::new();
    let mut tokens = ty.into_iter().peekable();
    let mut after_name = false;
    while let Some(token) = tokens.next() {
        let is_name = matches!(token, TokenTree::Ident(_));
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                closed.extend([TokenTree::Punct(punct)]);
                if !matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '\'') {
                    closed.extend(lifetime.clone());
                }
            }
            TokenTree::Punct(punct)
                if punct.as_char() == '\''
                    && matches!(tokens.peek(), Some(TokenTree::Ident(ident)) if ident == "_") =>
            {
                tokens.next();
                closed.extend(lifetime.clone());
            }
            // The parentheses of `Fn(&T)` are not those of a tuple.
            TokenTree::Group(group) if !after_name => {
                let inside = self::closed(group.stream(), lifetime);
                closed.extend([TokenTree::Group(Group::new(group.delimiter(), inside))]);
            }
            other => closed.extend([other]),
        }
        after_name = is_name;
    }
    closed
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
    use crate::diagnostics::source;
    use quote::quote;

    #[test]
    fn a_lifetime_is_written_wherever_one_is_open() {
        let closed = |ty| source(closed(ty, &quote!('a)));
        assert_eq!(closed(quote!((&mut u8, Frame<'_>))), "(&'a mut u8, Frame<'a>)");
        assert_eq!(closed(quote!(&'b [fn(&str); 3])), "&'b [fn (&str); 3]");
    }
}
