//! The options in the attribute's parentheses.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Path, Result, Token, Type, Visibility, parse_quote};

use crate::diagnostics::{Faults, source};
use crate::hook::nearest;

const NAMES: [&str; 4] = ["ordered", "unordered", "config", "crate"];
const USAGE: &str = "the options are `ordered`, `unordered`, `pub`, `config = Type` and `crate = path`";

/// Whether the consumer sees outputs in input order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Order {
    #[default]
    Ordered,
    Unordered,
}

/// The options, each with its default where it was not given.
pub(crate) struct Options {
    pub(crate) order: Order,
    pub(crate) vis: Visibility,
    pub(crate) config: Option<Type>,
    pub(crate) runtime: Path,
}

/// One option as it was read.
enum Given {
    Order(Order),
    Vis(Visibility),
    Config(Type),
    Crate(Path),
}

impl Given {
    /// Options of the same kind exclude each other.
    fn excludes(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

pub(super) fn parse(tokens: TokenStream, faults: &mut Faults) -> Options {
    let mut given = Vec::new();
    let parser = |input: ParseStream| {
        while !input.is_empty() {
            parse_entry(input, &mut given, faults)?;
        }
        Ok(())
    };
    if let Err(error) = parser.parse2(tokens) {
        faults.add_syntax(&error);
    }
    let mut options = Options {
        order: Order::default(),
        vis: Visibility::Inherited,
        config: None,
        runtime: parse_quote!(::easycore),
    };
    for option in given {
        match option {
            Given::Order(order) => options.order = order,
            Given::Vis(vis) => options.vis = vis,
            Given::Config(config) => options.config = Some(config),
            Given::Crate(path) => options.runtime = path,
        }
    }
    options
}

/// Reads one option and the comma behind it. An error is one after which nothing more can be read.
fn parse_entry(input: ParseStream, given: &mut Vec<Given>, faults: &mut Faults) -> Result<()> {
    let start = input.fork();
    let option = parse_option(input, faults)?;
    let written = super::between(&start, input);
    if option.is_some() && !input.is_empty() && !input.peek(Token![,]) {
        report_surplus(&written, input.cursor().token_stream().into_iter().next(), faults);
    }
    skip_to_comma(input)?;
    input.parse::<Option<Token![,]>>()?;
    if let Some(option) = option {
        match given.iter().find(|earlier| earlier.excludes(&option)) {
            Some(earlier) => report_excluded(&written, &option, earlier, faults),
            None => given.push(option),
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

fn report_excluded(written: &TokenStream, option: &Given, earlier: &Given, faults: &mut Faults) {
    let name = written.clone().into_iter().next().into_token_stream();
    let message = match (option, earlier) {
        (Given::Order(order), Given::Order(earlier)) if order != earlier => {
            "a runner is either `ordered` or `unordered`".to_owned()
        }
        (Given::Vis(_), _) => "the visibility is given twice".to_owned(),
        _ => format!("option `{name}` is given twice"),
    };
    faults.add(written, message, "keep one of the two");
}

fn parse_option(input: ParseStream, faults: &mut Faults) -> Result<Option<Given>> {
    if input.peek(Token![pub]) {
        return input.parse().map(|vis| Some(Given::Vis(vis)));
    }
    if !input.peek(Ident::peek_any) {
        let token: TokenTree = input.parse()?;
        faults.add(token, "expected an option", USAGE);
        return Ok(None);
    }
    let name = input.call(Ident::parse_any)?;
    Ok(match name.to_string().as_str() {
        "ordered" => Some(Given::Order(Order::Ordered)),
        "unordered" => Some(Given::Order(Order::Unordered)),
        // The type is unknown, but that there is a config is not.
        "config" => Some(Given::Config(
            parse_value(&name, "a type", "config = Type", input, faults)
                .unwrap_or_else(|| parse_quote!(Config)),
        )),
        "crate" => {
            parse_value(&name, "a path", "crate = path::to::easycore", input, faults).map(Given::Crate)
        }
        unknown => {
            let help = nearest(unknown, NAMES)
                .map_or_else(|| USAGE.to_owned(), |meant| format!("did you mean `{meant}`?"));
            faults.add(&name, format!("unknown option `{unknown}`"), help);
            skip_to_comma(input)?;
            None
        }
    })
}

fn parse_value<T: syn::parse::Parse>(
    name: &Ident,
    what: &str,
    usage: &str,
    input: ParseStream,
    faults: &mut Faults,
) -> Option<T> {
    let ahead = input.fork();
    let value = ahead.parse::<Token![=]>().and_then(|_| ahead.parse());
    let Ok(value) = value else {
        faults.add(name, format!("option `{name}` needs {what}"), format!("write `{usage}`"));
        // Running into the end is no second fault.
        let _ = skip_to_comma(input);
        return None;
    };
    syn::parse::discouraged::Speculative::advance_to(input, &ahead);
    Some(value)
}

fn skip_to_comma(input: ParseStream) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
