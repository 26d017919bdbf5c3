//! The attribute macro of `easycore`. It is documented, and meant to be used, as `easycore::parallel_runner`.
//!
//! ```text
//! tokens ──parse──▶ Syntax ──check──▶ Model ──expand──▶ tokens
//!          syntax/           check/            expand/
//! ```
//!
//! `syntax` reads what the user wrote, and judges only whether it can be read. `check` decides what it means, and
//! collects every fault on the way. `expand` turns a model into code and cannot fail. The hooks themselves are one
//! table, in `hook`.

#![forbid(unsafe_code)]

mod check;
mod diagnostics;
mod expand;
mod hook;
mod model;
mod paths;
mod syntax;

use proc_macro2::TokenStream;

use crate::diagnostics::Faults;
use crate::syntax::Target;

/// Turns an `impl` block of hooks into a parallel runner. Documented as `easycore::parallel_runner`.
#[proc_macro_attribute]
pub fn parallel_runner(
    options: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    expand(options.into(), item.into()).into()
}

fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let (options, target) = syntax::parse(options, item, &mut faults);
    match target {
        Target::Misplaced(misplaced) => expand::misplaced(&misplaced, &options, &faults),
        Target::Block(block) => match check::check(&block, options, faults) {
            Ok(model) => expand::sound(&model),
            Err((outline, faults)) => expand::faulty(&outline, &faults),
        },
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
