//! What stands before the braces: the type that the macro will declare.

use syn::{PathArguments, Type};

use crate::diagnostics::{Faults, source};
use crate::syntax::Block;

/// Whether the block is one of the type that the macro declares. If not, it has to go, for there is no such type.
pub(super) fn check(block: &Block, faults: &mut Faults) -> bool {
    for attr in &block.twice {
        faults.add(attr, "`#[parallel_runner]` stands on this block twice", "keep one of the two");
    }
    let Type::Path(ty) = &*block.self_type else { return true };
    let name = &block.name;
    let (_, declared, _) = block.generics.split_for_impl();
    let declared = source(declared);
    if ty.path.segments.len() > 1 || ty.path.leading_colon.is_some() {
        faults.add(
            &ty.path,
            format!("the macro declares the type `{name}` here, so it has no path"),
            format!("write `impl {name}{declared}`"),
        );
        return false;
    }
    let arguments = ty.path.segments.last().map_or(&PathArguments::None, |segment| &segment.arguments);
    let given = source(arguments).replace(",>", ">");
    if declared == given {
        return true;
    }
    let help = if !declared.is_empty() {
        format!("write `{name}{declared}`")
    } else if given.starts_with("<'") {
        format!("write `impl<'a> {name}<'a>`")
    } else {
        format!("write `impl {name}`, or `impl<T: Send + 'static> {name}<T>`")
    };
    let message =
        format!("the macro declares `{name}` with the parameters of the block, so it takes just these");
    faults.add(&block.self_type, message, help);
    false
}
