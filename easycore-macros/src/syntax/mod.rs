//! Tokens in, syntax out: what the user wrote, before any question of what it means.
//! Bodies of functions stay tokens.

mod batch;
mod block;
mod entry;
mod list;
mod misplaced;
mod options;

use proc_macro2::TokenStream;
use syn::parse::ParseBuffer;

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
    /// Anything else.
    Misplaced(Misplaced),
}

/// Reads `#[parallel_runner(OPTIONS)] ITEM`. Whatever cannot be read is a fault, and the rest is read all the same.
pub(crate) fn parse(options: TokenStream, item: TokenStream, faults: &mut Faults) -> (Options, Target) {
    (options::parse(options, faults), target(item, faults))
}

fn target(item: TokenStream, faults: &mut Faults) -> Target {
    match Block::parse(item.clone(), faults) {
        Some(block) => Target::Block(block),
        None => Target::Misplaced(misplaced::parse(item, faults)),
    }
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
