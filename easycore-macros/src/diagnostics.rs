//! Faults in the user's code: what is wrong, where, and the line that helps.
//! Nothing here decides whether something is wrong.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};

/// All faults found in one use of the macro, in the order in which they were found.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

#[derive(Debug)]
struct Fault {
    start: Span,
    end: Span,
    message: String,
}

impl Faults {
    /// Blames `at`. The help is what the user can paste or do, as one line.
    pub(crate) fn add(&mut self, at: impl ToTokens, message: impl Display, help: impl Display) {
        let mut spans = at.into_token_stream().into_iter().map(|token| token.span());
        let start = spans.next().unwrap_or_else(Span::call_site);
        let end = spans.last().unwrap_or(start);
        self.0.push(Fault { start, end, message: format!("{message}\nhelp: {help}") });
    }

    /// Takes over what the parser could not read.
    pub(crate) fn add_syntax(&mut self, error: &syn::Error) {
        let span = error.span();
        self.0.push(Fault { start: span, end: span, message: error.to_string() });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// One invocation of `compile_error!` for each fault, as an expression.
    pub(crate) fn compile_errors(&self) -> impl Iterator<Item = TokenStream> {
        self.0.iter().map(|Fault { start, end, message }| {
            let message = message.as_str();
            let name = quote_spanned!(*start=> ::core::compile_error!);
            let argument = quote_spanned!(*end=> { #message });
            quote_spanned!(*start=> #name #argument)
        })
    }
}

/// The tokens as a user would have typed them, to be quoted in a message.
pub(crate) fn source(tokens: impl ToTokens) -> String {
    const TIGHTER: [(&str, &str); 11] = [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        ("< ", "<"),
        (" >", ">"),
        ("& ", "&"),
        (" ,", ","),
        (" ;", ";"),
        (" :", ":"),
        ("' ", "'"),
        ("- >", "->"),
    ];
    let text = tokens.into_token_stream().to_string();
    TIGHTER.iter().fold(text, |text, (loose, tight)| text.replace(loose, tight))
}

#[cfg(test)]
mod tests {
    use super::source;
    use quote::quote;

    #[test]
    fn a_quoted_type_reads_as_it_was_typed() {
        assert_eq!(source(quote!(&'a mut Vec<Option<u8>>)), "&'a mut Vec<Option<u8>>");
        assert_eq!(source(quote!(std::io::Result<[u8; 4]>)), "std::io::Result<[u8; 4]>");
    }
}
