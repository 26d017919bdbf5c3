//! The `impl` block: its header, and its items one by one.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::parse::ParseStream;
use syn::{Attribute, Generics, ItemImpl, Path, Type, parse_quote};

use super::entry::{self, Entry};
use crate::diagnostics::Faults;

/// An inherent `impl` block, as the user wrote it.
pub(crate) struct Block {
    /// The macro's own attribute where it stands here once more.
    pub(crate) twice: Vec<Attribute>,
    /// The doc comments, which go to the generated type.
    pub(crate) docs: Vec<Attribute>,
    /// `#[allow(…)]` and `#[expect(…)]`, which count for what is generated from the block, too.
    pub(crate) lints: Vec<Attribute>,
    pub(crate) generics: Generics,
    pub(crate) name: Ident,
    pub(crate) self_type: Box<Type>,
    pub(crate) entries: Vec<Entry>,
    /// The header without doc comments, and the braces as they were.
    head: TokenStream,
    body: Group,
}

impl Block {
    /// `None` if this is no inherent `impl` block.
    pub(super) fn parse(item: TokenStream, faults: &mut Faults) -> Option<Self> {
        let (mut header, body) = parse_header(item).ok()?;
        if header.trait_.is_some() {
            return None;
        }
        let name = type_name(&header.self_ty)?.clone();
        let (twice, attrs): (Vec<_>, Vec<_>) = std::mem::take(&mut header.attrs)
            .into_iter()
            .partition(|attr| is_named(attr.path(), "parallel_runner"));
        let (docs, attrs): (Vec<_>, Vec<_>) = attrs.into_iter().partition(|attr| attr.path().is_ident("doc"));
        let lints = attrs.iter().filter_map(switched_off).collect();
        let ItemImpl { modifiers: _, unsafety, impl_token, generics, self_ty, .. } = &header;
        let bounds = &generics.where_clause;
        // How data is passed is not the user's choice.
        let given = quote! {
            #[allow(clippy::needless_pass_by_value, clippy::trivially_copy_pass_by_ref)]
            #[allow(clippy::ptr_arg)]
        };
        let head = quote!(#given #(#attrs)* #unsafety #impl_token #generics #self_ty #bounds);
        Some(Self {
            twice,
            docs,
            lints,
            name,
            entries: parse_entries(&body, faults),
            head,
            body,
            generics: header.generics,
            self_type: header.self_ty,
        })
    }

    /// The block as it was.
    pub(crate) fn verbatim(&self) -> TokenStream {
        let Self { head, body, .. } = self;
        quote!(#head #body)
    }

    /// The block without what would lead to further errors, for after a fault.
    pub(crate) fn without_faults(&self) -> TokenStream {
        let entries: Option<Vec<TokenStream>> = self.entries.iter().map(Entry::without_faults).collect();
        let Some(entries) = entries else { return TokenStream::new() };
        let mut body = Group::new(Delimiter::Brace, quote!(#(#entries)*));
        body.set_span(self.body.span());
        let head = &self.head;
        quote!(#head #body)
    }
}

/// The header, read by the ordinary parser as a block that holds nothing, and the braces.
pub(super) fn parse_header(item: TokenStream) -> syn::Result<(ItemImpl, Group)> {
    let mut tokens: Vec<TokenTree> = item.into_iter().collect();
    let Some(TokenTree::Group(body)) = tokens.pop() else {
        return Err(syn::Error::new(Span::call_site(), "expected an `impl` block"));
    };
    tokens.push(Group::new(body.delimiter(), TokenStream::new()).into());
    Ok((syn::parse2(tokens.into_iter().collect())?, body))
}

/// The name in `Name` or `Name<…>`, unless nothing can be declared by it.
pub(super) fn type_name(ty: &Type) -> Option<&Ident> {
    let can_be_declared =
        |name: &&Ident| !["Self", "self", "super", "crate"].iter().any(|word| *name == word);
    match ty {
        Type::Path(ty) if ty.qself.is_none() => {
            ty.path.segments.last().map(|segment| &segment.ident).filter(can_be_declared)
        }
        Type::Group(ty) => type_name(&ty.elem),
        Type::Paren(ty) => type_name(&ty.elem),
        _ => None,
    }
}

/// What a `#[allow(…)]` or `#[expect(…)]` switches off. What is expected in the block need not occur in generated code.
fn switched_off(attr: &Attribute) -> Option<Attribute> {
    let lints = &attr.meta.require_list().ok()?.tokens;
    let switches_off = ["allow", "expect"].iter().any(|name| attr.path().is_ident(name));
    switches_off.then(|| parse_quote!(#[allow(#lints)]))
}

fn is_named(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == name)
}

fn parse_entries(body: &Group, faults: &mut Faults) -> Vec<Entry> {
    let mut entries = Vec::new();
    let read = |input: ParseStream| {
        input.call(Attribute::parse_inner)?;
        while !input.is_empty() {
            entries.push(entry::parse(input)?);
        }
        Ok(())
    };
    if let Err(error) = super::parse_within(body.clone(), read) {
        faults.add_syntax(&error);
    }
    entries
}
