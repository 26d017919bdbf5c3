//! The options in the attribute's parentheses.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::{Error, LitInt, Path, Result, Token, Type, Visibility, parse_quote};

use super::batch::{self, Batch};
use super::list::{self, Entry, parse_value, skip_to_comma};
use crate::diagnostics::Faults;
use crate::hook::nearest;

const NAMES: [&str; 6] = ["ordered", "unordered", "config", "batch", "retries", "crate"];
const USAGE: &str = "the options are `ordered`, `unordered`, `pub`, `config = Type`, `batch = 32`, `retries = 2` and \
                     `crate = path`";

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
    /// The word that says so.
    pub(crate) order_word: Option<Ident>,
    pub(crate) vis: Visibility,
    pub(crate) config: Option<Type>,
    pub(crate) batch: Option<Batch>,
    /// How many more attempts a failing item has, if any.
    pub(crate) retries: Option<usize>,
    pub(crate) runtime: Path,
}

/// A path that a `use` can begin with: to a module, not to a type.
struct ModulePath(Path);

impl Parse for ModulePath {
    fn parse(input: ParseStream) -> Result<Self> {
        let path = input.call(Path::parse_mod_style)?;
        match path.segments.iter().find(|segment| segment.ident == "Self") {
            Some(segment) => Err(Error::new_spanned(segment, "no module is called `Self`")),
            None => Ok(Self(path)),
        }
    }
}

/// One option as it was read.
enum Given {
    Order(Order, Ident),
    Vis(Visibility),
    Config(Box<Type>),
    Batch(Batch),
    Retries(Option<usize>),
    Crate(Path),
}

pub(super) fn parse(tokens: TokenStream, faults: &mut Faults) -> Options {
    let mut options = Options {
        order: Order::default(),
        order_word: None,
        vis: Visibility::Inherited,
        config: None,
        batch: None,
        retries: None,
        runtime: parse_quote!(::easycore),
    };
    for option in list::parse(tokens, faults) {
        match option {
            Given::Order(order, word) => (options.order, options.order_word) = (order, Some(word)),
            Given::Vis(vis) => options.vis = vis,
            Given::Config(config) => options.config = Some(*config),
            Given::Batch(batch) => options.batch = Some(batch),
            Given::Retries(retries) => options.retries = retries,
            Given::Crate(path) => options.runtime = path,
        }
    }
    options
}

impl Entry for Given {
    fn parse(input: ParseStream, faults: &mut Faults) -> Result<Option<Self>> {
        if input.peek(Token![pub]) {
            return input.parse().map(|vis| Some(Self::Vis(vis)));
        }
        if !input.peek(Ident::peek_any) {
            let token: TokenTree = input.parse()?;
            faults.add(token, "expected an option", USAGE);
            return Ok(None);
        }
        let name = input.call(Ident::parse_any)?;
        Ok(match name.to_string().as_str() {
            "ordered" => Some(Self::Order(Order::Ordered, name)),
            "unordered" => Some(Self::Order(Order::Unordered, name)),
            // The type is unknown, but that there is a config is not.
            "config" => Some(Self::Config(Box::new(
                parse_value(&name, "a type", "config = Type", input, faults)
                    .unwrap_or_else(|| parse_quote!(Config)),
            ))),
            "batch" => Some(Self::Batch(batch::parse(&name, input, faults)?)),
            "retries" => Some(Self::Retries(parse_retries(&name, input, faults))),
            "crate" => {
                let path =
                    parse_value(&name, "the path of a crate", "crate = path::to::easycore", input, faults);
                path.map(|ModulePath(path)| Self::Crate(path))
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

    fn clash(&self, earlier: &Self, name: &str) -> String {
        match (self, earlier) {
            (Self::Order(order, _), Self::Order(earlier, _)) if order != earlier => {
                "a runner is either `ordered` or `unordered`".to_owned()
            }
            (Self::Vis(_), _) => "the visibility is given twice".to_owned(),
            _ => format!("option `{name}` is given twice"),
        }
    }
}

/// How many more attempts a failing item has; `None` if that is at fault.
fn parse_retries(name: &Ident, input: ParseStream, faults: &mut Faults) -> Option<usize> {
    let usage = "write `retries = 2`";
    let literal: LitInt = parse_value(name, "a number of further attempts", "retries = 2", input, faults)?;
    match literal.base10_parse() {
        Ok(0) => faults.add(
            literal,
            "without retries there is nothing to say",
            format!("{usage}, or leave the option out"),
        ),
        Ok(retries) => return Some(retries),
        Err(_) => faults.add(literal, "no item is tried so often", usage),
    }
    None
}
