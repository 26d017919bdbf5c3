//! Lists of options, separated by commas: those of the attribute, and those within one of its options.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::parse::discouraged::Speculative as _;
use syn::parse::{Parse, ParseStream};
use syn::{Result, Token};

use crate::diagnostics::{Faults, source};

/// What such a list holds.
pub(super) trait Entry: Sized {
    /// Reads one. `None` if it was at fault and nothing is known of it; an error if nothing more can be read.
    fn parse(input: ParseStream, faults: &mut Faults) -> Result<Option<Self>>;

    /// What is wrong with two that exclude each other, the later one of which is called `name`.
    fn clash(&self, earlier: &Self, name: &str) -> String;

    /// Those of the same kind exclude each other.
    fn excludes(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// Reads all entries. Whatever is at fault is left out.
pub(super) fn parse<E: Entry>(tokens: TokenStream, faults: &mut Faults) -> Vec<E> {
    let mut entries = Vec::new();
    let last = tokens.clone().into_iter().last();
    let mut brackets = Group::new(Delimiter::Parenthesis, tokens);
    // The brackets themselves are not among the tokens that the macro is given.
    if let Some(last) = last {
        brackets.set_span(last.span());
    }
    let read = |input: ParseStream| {
        while !input.is_empty() {
            parse_entry(input, &mut entries, faults)?;
        }
        Ok(())
    };
    if let Err(error) = super::parse_within(brackets, read) {
        faults.add_syntax(&error);
    }
    entries
}

/// Reads one entry and the comma behind it.
fn parse_entry<E: Entry>(input: ParseStream, entries: &mut Vec<E>, faults: &mut Faults) -> Result<()> {
    let start = input.fork();
    let entry = E::parse(input, faults)?;
    let written = super::between(&start, input);
    if entry.is_some() && !input.is_empty() && !input.peek(Token![,]) {
        report_surplus(&written, input.cursor().token_stream().into_iter().next(), faults);
    }
    skip_to_comma(input)?;
    input.parse::<Option<Token![,]>>()?;
    if let Some(entry) = entry {
        if let Some(earlier) = entries.iter().find(|earlier| earlier.excludes(&entry)) {
            let name = written.clone().into_iter().next().into_token_stream().to_string();
            faults.add(written, entry.clash(earlier, &name), "keep one of the two");
        } else {
            entries.push(entry);
        }
    }
    Ok(())
}

fn report_surplus(written: &TokenStream, surplus: Option<TokenTree>, faults: &mut Faults) {
    let written = source(written);
    let is_value = matches!(&surplus, Some(TokenTree::Punct(punct)) if punct.as_char() == '=');
    if is_value {
        faults.add(surplus, format!("option `{written}` takes no value"), format!("write `{written}`"));
    } else {
        faults.add(surplus, "there is no comma between two options", format!("write `{written},`"));
    }
}

/// Reads `= VALUE`. If that is not there, what is wrong is what stands in its place, or else the option's name.
pub(super) fn parse_value<T: Parse>(
    name: &Ident,
    what: &str,
    usage: &str,
    input: ParseStream,
    faults: &mut Faults,
) -> Option<T> {
    let ahead = input.fork();
    if let Ok(value) = ahead.parse::<Token![=]>().and_then(|_| ahead.parse()) {
        input.advance_to(&ahead);
        return Some(value);
    }
    // Running into the end is no second fault.
    let _ = input.parse::<Option<Token![=]>>();
    let start = input.fork();
    let _ = skip_to_comma(input);
    let given = super::between(&start, input);
    let at = if given.is_empty() { name.to_token_stream() } else { given };
    faults.add(at, format!("option `{name}` needs {what}"), format!("write `{usage}`"));
    None
}

pub(super) fn skip_to_comma(input: ParseStream) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
