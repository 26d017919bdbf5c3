//! Names that the expansion declares or refers to: the hidden ones of the generated code, and the user's type.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::Generics;
use syn::ext::IdentExt as _;

/// What the runtime's support code is called within the generated block.
pub(crate) fn support() -> Ident {
    Ident::new("__ec", Span::call_site())
}

/// The hidden type that implements `Hooks` for the runner called `name`.
pub(crate) fn hooks_type(name: &Ident) -> Ident {
    format_ident!("__{}Hooks", name, span = Span::call_site())
}

/// The hidden name for the judgement of the hook that works in batches.
pub(crate) fn batch_type(name: &Ident) -> Ident {
    format_ident!("__{}Batch", name, span = Span::call_site())
}

/// The hidden name for a type that is not known because of a fault.
pub(crate) fn broken_type(name: &Ident) -> Ident {
    format_ident!("__{}Broken", name, span = Span::call_site())
}

/// What threads are called: `SumOfSquares` is `sum-of-squares`.
pub(crate) fn thread_name(name: &Ident) -> String {
    let mut kebab = String::new();
    for letter in name.unraw().to_string().chars() {
        if letter.is_uppercase() && kebab.ends_with(|last: char| last.is_lowercase() || last.is_numeric()) {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}

/// `name`, or something like it that does not occur in `used`.
pub(crate) fn unused_name(name: &str, used: &TokenStream) -> Ident {
    let mut name = Ident::new(name, Span::call_site());
    while contains(used, &name) {
        name = format_ident!("{name}_");
    }
    name
}

fn contains(tokens: &TokenStream, name: &Ident) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => contains(&group.stream(), name),
        _ => false,
    })
}

/// `tokens` for use where the lifetimes of `generics` are not declared; `None` if they use other parameters, too.
pub(crate) fn without_lifetimes(tokens: &TokenStream, generics: &Generics) -> Option<TokenStream> {
    let mut others = generics.type_params().map(|parameter| &parameter.ident);
    let mut constants = generics.const_params().map(|parameter| &parameter.ident);
    if others.any(|name| contains(tokens, name)) || constants.any(|name| contains(tokens, name)) {
        return None;
    }
    let lifetimes: Vec<&Ident> = generics.lifetimes().map(|parameter| &parameter.lifetime.ident).collect();
    Some(replace_lifetimes(tokens.clone(), &lifetimes))
}

fn replace_lifetimes(tokens: TokenStream, lifetimes: &[&Ident]) -> TokenStream {
    let mut after_quote = false;
    let replace = |token: TokenTree| {
        let is_lifetime = std::mem::replace(
            &mut after_quote,
            matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\''),
        );
        match token {
            TokenTree::Ident(ident) if is_lifetime && lifetimes.contains(&&ident) => {
                TokenTree::Ident(Ident::new("static", ident.span()))
            }
            TokenTree::Group(group) => within(&group, |inside| replace_lifetimes(inside, lifetimes)),
            other => other,
        }
    };
    tokens.into_iter().map(replace).collect()
}

fn within(group: &Group, change: impl FnOnce(TokenStream) -> TokenStream) -> TokenTree {
    let mut changed = Group::new(group.delimiter(), change(group.stream()));
    changed.set_span(group.span());
    changed.into()
}

/// `tokens` for use outside of the block: with the block's type in place of `Self`.
pub(crate) fn without_self(tokens: impl ToTokens, name: &Ident, generics: &Generics) -> TokenStream {
    let (_, arguments, _) = generics.split_for_impl();
    replace_self(tokens.into_token_stream(), &quote!(#name #arguments))
}

fn replace_self(tokens: TokenStream, this: &TokenStream) -> TokenStream {
    let mut replaced = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "Self" => {
                let before_path =
                    matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
                replaced.extend(if before_path { quote!(<#this>) } else { this.clone() });
            }
            TokenTree::Group(group) => {
                replaced.extend([within(&group, |inside| replace_self(inside, this))]);
            }
            other => replaced.extend([other]),
        }
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::{thread_name, without_lifetimes, without_self};
    use crate::diagnostics::source;
    use quote::{format_ident, quote};
    use syn::parse_quote;

    #[test]
    fn a_thread_is_called_after_its_runner() {
        let called = |name: &str| thread_name(&format_ident!("{}", name));
        assert_eq!(called("SumOfSquares"), "sum-of-squares");
        assert_eq!(called("Predictor"), "predictor");
        assert_eq!(called("r#Type"), "type");
        assert_eq!(called("Übung"), "übung");
    }

    #[test]
    fn self_becomes_the_type_of_the_block() {
        let generics: syn::Generics = parse_quote!(<'a, const N: usize>);
        let replaced = without_self(quote!([u8; Self::WIDTH + f(Self)]), &format_ident!("Sums"), &generics);
        let this = quote!(Sums<'a, N>);
        let expected = quote!([u8; <#this>::WIDTH + f(#this)]);
        assert_eq!(source(&replaced), source(&expected));
    }

    #[test]
    fn lifetimes_become_static_where_they_are_not_declared() {
        let generics: syn::Generics = parse_quote!(<'a, T>);
        let replaced = without_lifetimes(&quote!(Vec<(&'a [u8], Cow<'b, str>)>), &generics);
        assert_eq!(replaced.map(source).as_deref(), Some("Vec<(&'static [u8], Cow<'b, str>)>"));
        assert!(without_lifetimes(&quote!(Vec<&'a [T]>), &generics).is_none());
    }
}
