//! What a hook may not be, whatever its parameters: a method, `async`, generic and the like.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::visit::{Visit, visit_type_impl_trait};
use syn::{Safety, TypeImplTrait};

use super::Context;
use crate::diagnostics::{Faults, source};
use crate::hook::Hook;
use crate::syntax::Function;

/// Whether the parameters make sense on their own.
pub(super) fn check(hook: &Hook, function: &Function, context: &Context, faults: &mut Faults) -> bool {
    let name = hook.name;
    let signature = &function.signature;
    let mut add = |at: TokenStream, message: String, help: String| faults.add(at, message, help);

    for attr in function.attrs.iter().filter(|attr| attr.path().is_ident("cfg")) {
        add(
            attr.to_token_stream(),
            format!("hook `{name}` cannot depend on `#[cfg]`: the macro runs before that is decided"),
            "put `#[cfg]` inside the body, or on the whole block".to_owned(),
        );
    }
    if let Some(token) = &signature.asyncness {
        add(
            token.to_token_stream(),
            format!("hook `{name}` cannot be `async`: it has a thread to itself"),
            "wait inside, as in `runtime.block_on(async { … })`".to_owned(),
        );
    }
    if let Safety::Unsafe(token) = &signature.safety {
        add(
            token.to_token_stream(),
            format!("hook `{name}` cannot be `unsafe`: it is called from safe code"),
            "put an `unsafe { … }` block into the body".to_owned(),
        );
    }
    check_generics(name, function, context, &mut add);
    if let Some(at) = impl_trait(function) {
        add(
            at,
            format!("hook `{name}` cannot use `impl Trait`: other functions have to name the type"),
            "write a concrete type, or `Box<dyn …>`".to_owned(),
        );
    }
    if let Some(variadic) = &signature.variadic {
        add(
            variadic.dots.to_token_stream(),
            format!("hook `{name}` cannot be variadic: it is called with one item at a time"),
            format!("write `{}`", context.usage(hook)),
        );
    }
    let receiver = function.receiver();
    if let Some(receiver) = receiver {
        add(
            receiver.to_token_stream(),
            format!("hook `{name}` takes no `self`: the workers do not share the runner"),
            "shared parameters come in as `cfg`, per-worker data is what `producer_init` returns".to_owned(),
        );
    }
    receiver.is_none() && signature.variadic.is_none()
}

fn check_generics(
    name: &str,
    function: &Function,
    context: &Context,
    add: &mut impl FnMut(TokenStream, String, String),
) {
    let generics = &function.signature.generics;
    let this = &context.block.name;
    if !generics.params.is_empty() {
        let (_, arguments, _) = generics.split_for_impl();
        let (parameters, arguments) = (source(&generics.params), source(arguments));
        add(
            generics.to_token_stream(),
            format!("hook `{name}` cannot be generic: all hooks of a runner work on the same types"),
            format!("put the parameters on the block, `impl<{parameters}> {this}{arguments}`"),
        );
    } else if let Some(bounds) = &generics.where_clause {
        add(
            bounds.where_token.to_token_stream(),
            format!("hook `{name}` cannot have bounds of its own: they are bounds of the whole runner"),
            format!(
                "move them to the block, `{} {}`",
                source(block_head(context)),
                source(bounds).trim_end_matches(',')
            ),
        );
    }
}

/// `impl<…> Name<…>`.
fn block_head(context: &Context) -> TokenStream {
    let generics = &context.block.generics;
    let self_type = &context.block.self_type;
    quote!(impl #generics #self_type)
}

fn impl_trait(function: &Function) -> Option<TokenStream> {
    #[derive(Default)]
    struct Finder(Option<TokenStream>);
    impl Visit<'_> for Finder {
        fn visit_type_impl_trait(&mut self, ty: &TypeImplTrait) {
            self.0.get_or_insert_with(|| ty.impl_token.to_token_stream());
            visit_type_impl_trait(self, ty);
        }
    }
    let mut finder = Finder::default();
    finder.visit_signature(&function.signature);
    finder.0
}
