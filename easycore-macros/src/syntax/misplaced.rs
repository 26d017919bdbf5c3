//! The attribute on something that is not an inherent `impl` block.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Generics, ItemImpl, Visibility};

use super::block::{parse_header, type_name};
use crate::diagnostics::{Faults, source};

/// What to leave behind, so that nothing but the place of the attribute is complained of.
pub(crate) struct Misplaced {
    /// The item, unless it makes sense only as a block of hooks.
    pub(crate) item: TokenStream,
    /// The type that is probably meant to be the runner, declared by the user or not.
    pub(crate) runner: Option<(Ident, Generics)>,
    pub(crate) declared: bool,
}

/// What an item is by its keyword. The first that occurs counts, as in `const fn`.
const KINDS: [(&str, &str); 12] = [
    ("impl", "the `impl` of a trait"),
    ("struct", "a struct"),
    ("enum", "an enum"),
    ("trait", "a trait"),
    ("mod", "a module"),
    ("static", "a static"),
    ("type", "a type alias"),
    ("use", "an import"),
    ("fn", "a function"),
    ("union", "a union"),
    ("const", "a constant"),
    ("extern", "an `extern` block"),
];

pub(super) fn parse(item: TokenStream, faults: &mut Faults) -> Misplaced {
    if let Some((visibility, header)) = visible_block(item.clone()) {
        faults.add(
            &visibility,
            "an `impl` block has no visibility: that of the runner is an option",
            format!("write `#[parallel_runner({})]`, and the block without it", source(&visibility)),
        );
        let runner = type_name(&header.self_ty).map(|name| (name.clone(), header.generics.clone()));
        return Misplaced { item: TokenStream::new(), runner, declared: false };
    }
    let header = parse_header(item.clone()).ok().map(|(header, _)| header);
    if let Some(header) = header.as_ref().filter(|header| header.trait_.is_none()) {
        let message = "the macro declares the type of this block, which needs a name of its own";
        faults.add(&header.self_ty, message, "write `impl Name { … }`");
        return Misplaced { item: TokenStream::new(), runner: None, declared: false };
    }
    let tokens: Vec<TokenTree> = item.clone().into_iter().collect();
    let position = |keyword: &str| {
        tokens.iter().position(|token| matches!(token, TokenTree::Ident(ident) if ident == keyword))
    };
    let kind = KINDS.iter().find_map(|(keyword, what)| Some((position(keyword)?, *keyword, *what)));
    let (position, keyword, what) = kind.unwrap_or((0, "", "this"));
    let runner = match keyword {
        "impl" => header.and_then(|header| Some((type_name(&header.self_ty)?.clone(), header.generics))),
        "struct" | "enum" | "union" | "trait" => name_and_generics(tokens.iter().skip(position + 1)),
        _ => None,
    };
    let name = runner.as_ref().map_or_else(|| "Name".to_owned(), |(name, _)| name.to_string());
    let (message, help) = if keyword == "struct" {
        (
            format!("`#[parallel_runner]` declares `struct {name}` itself"),
            format!("remove the struct and put the attribute on `impl {name} {{ … }}`"),
        )
    } else {
        (
            format!("`#[parallel_runner]` goes on an inherent `impl` block, not on {what}"),
            format!("put it on `impl {name} {{ … }}`, which holds the hooks"),
        )
    };
    faults.add(tokens.get(position), message, help);
    let is_block = matches!(keyword, "impl" | "trait");
    Misplaced { item: if is_block { TokenStream::new() } else { item }, runner, declared: keyword != "trait" }
}

/// The header of an inherent `impl` block that is sound but for its visibility.
fn visible_block(item: TokenStream) -> Option<(Visibility, ItemImpl)> {
    let parser = |input: ParseStream| {
        input.call(Attribute::parse_outer)?;
        Ok((input.parse::<Visibility>()?, input.parse::<TokenStream>()?))
    };
    let (visibility, block) = parser.parse2(item).ok()?;
    let (header, _) = parse_header(block).ok()?;
    (!matches!(visibility, Visibility::Inherited) && header.trait_.is_none()).then_some((visibility, header))
}

fn name_and_generics<'a>(tokens: impl Iterator<Item = &'a TokenTree>) -> Option<(Ident, Generics)> {
    let parser = |input: ParseStream| {
        let named = (input.parse()?, input.parse()?);
        input.parse::<TokenStream>()?;
        Ok(named)
    };
    parser.parse2(tokens.cloned().collect()).ok()
}
