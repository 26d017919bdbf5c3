//! Names that the expansion declares or refers to: the hidden ones of the generated code, and the user's type.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
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
                let mut inside =
                    proc_macro2::Group::new(group.delimiter(), replace_self(group.stream(), this));
                inside.set_span(group.span());
                replaced.extend([TokenTree::Group(inside)]);
            }
            other => replaced.extend([other]),
        }
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::{thread_name, without_self};
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
}
