//! The attribute on something that is not an inherent `impl` block.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{DeriveInput, Generics, ItemTrait};

use super::block::{parse_header, type_name};
use crate::diagnostics::Faults;

/// What to leave behind, so that nothing but the place of the attribute is complained of.
pub(crate) struct Misplaced {
    /// The item, unless it makes sense only as a block of hooks.
    pub(crate) item: TokenStream,
    /// The type that is probably meant to be the runner, declared by the user or not.
    pub(crate) runner: Option<(Ident, Generics)>,
    pub(crate) declared: bool,
}

pub(super) fn parse(item: TokenStream, faults: &mut Faults) -> Misplaced {
    if let Ok((header, _)) = parse_header(item.clone()) {
        let blamed = header
            .trait_
            .as_ref()
            .map_or_else(|| header.self_ty.to_token_stream(), |(path, _)| path.to_token_stream());
        let name = type_name(&header.self_ty).cloned();
        let shown = name.as_ref().map_or_else(|| "Name".to_owned(), Ident::to_string);
        let what = if header.trait_.is_some() { "the `impl` of a trait" } else { "a type without a name" };
        report(blamed, what, &shown, faults);
        let runner = name.map(|name| (name, header.generics));
        return Misplaced { item: TokenStream::new(), runner, declared: true };
    }
    if let Ok(declaration) = syn::parse2::<DeriveInput>(item.clone()) {
        let name = declaration.ident;
        match declaration.data {
            syn::Data::Struct(data) => faults.add(
                data.struct_token,
                format!("`#[parallel_runner]` declares `struct {name}` itself"),
                format!("remove the struct and put the attribute on `impl {name} {{ … }}`"),
            ),
            syn::Data::Enum(data) => {
                report(data.enum_token.to_token_stream(), "an enum", &name.to_string(), faults);
            }
            syn::Data::Union(data) => {
                report(data.union_token.to_token_stream(), "a union", &name.to_string(), faults);
            }
        }
        return Misplaced { item, runner: Some((name, declaration.generics)), declared: true };
    }
    if let Ok(declaration) = syn::parse2::<ItemTrait>(item.clone()) {
        let name = declaration.ident;
        report(declaration.trait_token.to_token_stream(), "a trait", &name.to_string(), faults);
        let runner = Some((name, declaration.generics));
        return Misplaced { item: TokenStream::new(), runner, declared: false };
    }
    let keyword = item.clone().into_iter().find(|token| what_starts_with(token).is_some());
    let what = keyword.as_ref().and_then(what_starts_with).unwrap_or("this");
    let blamed = keyword.or_else(|| item.clone().into_iter().next());
    report(blamed.into_iter().collect(), what, "Name", faults);
    Misplaced { item, runner: None, declared: true }
}

fn report(blamed: TokenStream, what: &str, name: &str, faults: &mut Faults) {
    faults.add(
        blamed,
        format!("`#[parallel_runner]` goes on an inherent `impl` block, not on {what}"),
        format!("put it on `impl {name} {{ … }}`, which holds the hooks"),
    );
}

fn what_starts_with(keyword: &TokenTree) -> Option<&'static str> {
    let TokenTree::Ident(keyword) = keyword else { return None };
    Some(match keyword.to_string().as_str() {
        "fn" => "a function",
        "mod" => "a module",
        "type" => "a type alias",
        "use" => "an import",
        "const" => "a constant",
        "static" => "a static",
        "extern" => "an `extern` block",
        _ => return None,
    })
}
