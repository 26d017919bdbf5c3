//! Tokens in, syntax out: what the user wrote, before any question of what it means.
//! Bodies of functions stay tokens.

mod batch;
mod block;
mod depth;
mod entry;
mod list;
mod misplaced;
mod options;

use proc_macro2::{Group, TokenStream, TokenTree};
use syn::Result;
use syn::parse::discouraged::AnyDelimiter as _;
use syn::parse::{ParseBuffer, ParseStream, Parser as _};

pub(crate) use batch::Batch;
pub(crate) use block::Block;
pub(crate) use entry::{Entry, Function, Intruder};
pub(crate) use misplaced::Misplaced;
pub(crate) use options::{Options, Order};

use crate::diagnostics::Faults;

/// What the attribute stands on.
pub(crate) enum Target {
    /// An `impl` block without a trait: where it belongs.
    Block(Block),
    /// Anything else, or what is nested too deep to be looked at.
    Misplaced(Misplaced),
}

/// Reads `#[parallel_runner(OPTIONS)] ITEM`. Whatever cannot be read is a fault, and the rest is read all the same.
pub(crate) fn parse(options: TokenStream, item: TokenStream, faults: &mut Faults) -> (Options, Target) {
    let options = if depth::check(&options, faults) { options } else { TokenStream::new() };
    (options::parse(options, faults), target(item, faults))
}

fn target(item: TokenStream, faults: &mut Faults) -> Target {
    if !depth::check_item(&item, faults) {
        return Target::Misplaced(Misplaced { item: TokenStream::new(), runner: None, declared: false });
    }
    match Block::parse(item.clone(), faults) {
        Some(block) => Target::Block(block),
        None => Target::Misplaced(misplaced::parse(item, faults)),
    }
}

/// Reads all that stands in the brackets. Whoever runs into the closing one is told so there; the end of a bare stream is
/// nowhere.
fn parse_within(brackets: Group, read: impl FnOnce(ParseStream) -> Result<()>) -> Result<()> {
    let parser = |input: ParseStream| {
        let (_, _, inside) = input.parse_any_delimiter()?;
        read(&inside)
    };
    parser.parse2(TokenTree::from(brackets).into())
}

/// The tokens that were read between two places of the same input.
fn between(start: &ParseBuffer, end: &ParseBuffer) -> TokenStream {
    let mut cursor = start.cursor();
    let mut tokens = TokenStream::new();
    while cursor != end.cursor() {
        let Some((token, next)) = cursor.token_tree() else { break };
        tokens.extend([token]);
        cursor = next;
    }
    tokens
}
