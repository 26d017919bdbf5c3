//! The `impl` block: its header, and its items one by one.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser as _};
use syn::{
    Attribute, GenericArgument, GenericParam, Generics, ItemImpl, Path, PathArguments, Type, parse_quote,
};

use super::entry::{self, Entry};
use crate::diagnostics::{Faults, source};

/// An inherent `impl` block, as the user wrote it.
pub(crate) struct Block {
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
    sound: bool,
}

impl Block {
    /// `None` if this is no inherent `impl` block.
    pub(super) fn parse(item: TokenStream, faults: &mut Faults) -> Option<Self> {
        let (mut header, body) = parse_header(item).ok()?;
        if header.trait_.is_some() {
            return None;
        }
        let name = type_name(&header.self_ty)?.clone();
        let sound = has_the_parameters_of_the_block(&header, faults);
        let (twice, attrs): (Vec<_>, Vec<_>) = std::mem::take(&mut header.attrs)
            .into_iter()
            .partition(|attr| is_named(attr.path(), "parallel_runner"));
        for attr in twice {
            faults.add(&attr, "`#[parallel_runner]` stands on this block twice", "keep one of the two");
        }
        let (docs, attrs): (Vec<_>, Vec<_>) = attrs.into_iter().partition(|attr| attr.path().is_ident("doc"));
        let lints = attrs.iter().filter_map(switched_off).collect();
        let ItemImpl { modifiers: _, unsafety, impl_token, generics, self_ty, .. } = &header;
        let bounds = &generics.where_clause;
        // How data is passed is not the user's choice.
        let given = quote!(#[allow(clippy::needless_pass_by_value, clippy::trivially_copy_pass_by_ref)]);
        let head = quote!(#given #(#attrs)* #unsafety #impl_token #generics #self_ty #bounds);
        Some(Self {
            docs,
            lints,
            name,
            entries: parse_entries(&body, faults),
            head,
            body,
            sound,
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
        match entries {
            Some(entries) if self.sound => {
                let mut body = Group::new(Delimiter::Brace, quote!(#(#entries)*));
                body.set_span(self.body.span());
                let head = &self.head;
                quote!(#head #body)
            }
            _ => TokenStream::new(),
        }
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

/// The name in `Name` or `Name<…>`.
pub(super) fn type_name(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(ty) if ty.qself.is_none() => ty.path.segments.last().map(|segment| &segment.ident),
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

/// The generated type is declared with the parameters of the block, so it must be named with just these.
fn has_the_parameters_of_the_block(header: &ItemImpl, faults: &mut Faults) -> bool {
    let Type::Path(ty) = &*header.self_ty else { return true };
    let Some(last) = ty.path.segments.last() else { return true };
    if ty.path.segments.len() > 1 || ty.path.leading_colon.is_some() {
        faults.add(
            &ty.path,
            format!("the macro declares the type `{}` here, so it has no path", last.ident),
            format!("write `impl {}`", source(last)),
        );
        return false;
    }
    let declared = header.generics.params.iter().map(|parameter| match parameter {
        GenericParam::Lifetime(parameter) => parameter.lifetime.to_string(),
        GenericParam::Type(parameter) => parameter.ident.to_string(),
        GenericParam::Const(parameter) => parameter.ident.to_string(),
    });
    let arguments: Vec<&GenericArgument> = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().collect(),
        _ => Vec::new(),
    };
    let declared: Vec<String> = declared.collect();
    let named: Vec<String> = arguments.iter().map(source).collect();
    if declared == named {
        return true;
    }
    let name = &last.ident;
    let help = if !declared.is_empty() {
        format!("write `{name}<{}>`", declared.join(", "))
    } else if arguments.iter().all(|argument| matches!(argument, GenericArgument::Lifetime(_))) {
        format!("write `impl<'a> {name}<'a>`")
    } else {
        format!("write `impl {name}`, or `impl<T: Send + 'static> {name}<T>`")
    };
    let message =
        format!("the macro declares `{name}` with the parameters of the block, so it takes just these");
    faults.add(&header.self_ty, message, help);
    false
}

fn parse_entries(body: &Group, faults: &mut Faults) -> Vec<Entry> {
    let mut entries = Vec::new();
    let parser = |input: ParseStream| {
        input.call(Attribute::parse_inner)?;
        while !input.is_empty() {
            entries.push(entry::parse(input)?);
        }
        Ok(())
    };
    if let Err(error) = parser.parse2(body.stream()) {
        faults.add_syntax(&error);
    }
    entries
}
