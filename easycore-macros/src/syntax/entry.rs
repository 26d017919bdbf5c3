//! One item of the block: a function, whose body stays tokens, or something that does not belong there.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::parse::ParseStream;
use syn::{Attribute, FnArg, ImplItem, Result, Signature, Visibility};

pub(crate) enum Entry {
    Function(Box<Function>),
    Intruder(Intruder),
}

/// A function, hook or not.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) signature: Signature,
    vis: Visibility,
    tokens: TokenStream,
}

/// A constant, a type, a macro invocation.
pub(crate) struct Intruder {
    pub(crate) what: &'static str,
    pub(crate) blamed: TokenStream,
    tokens: Option<TokenStream>,
}

pub(super) fn parse(input: ParseStream) -> Result<Entry> {
    let start = input.fork();
    if parse_function_head(&input.fork()).is_ok() {
        let (attrs, vis, signature) = parse_function_head(input)?;
        // The body, or the semicolon in its place, of which the compiler complains.
        input.parse::<TokenTree>()?;
        let tokens = super::between(&start, input);
        return Ok(Entry::Function(Box::new(Function { attrs, signature, vis, tokens })));
    }
    let item: ImplItem = input.parse()?;
    let tokens = super::between(&start, input);
    let (what, blamed, kept) = match item {
        ImplItem::Const(item) => ("a constant", item.ident.to_token_stream(), Some(tokens)),
        // The compiler has its own word on types in an inherent block.
        ImplItem::Type(item) => ("a type", item.ident.to_token_stream(), None),
        ImplItem::Macro(item) => ("a macro", item.mac.path.to_token_stream(), Some(tokens)),
        _ => ("an item of another kind", tokens.clone(), Some(tokens)),
    };
    Ok(Entry::Intruder(Intruder { what, blamed, tokens: kept }))
}

fn parse_function_head(input: ParseStream) -> Result<(Vec<Attribute>, Visibility, Signature)> {
    let attrs = input.call(Attribute::parse_outer)?;
    Ok((attrs, input.parse()?, input.parse()?))
}

impl Function {
    pub(crate) fn receiver(&self) -> Option<&FnArg> {
        self.signature.inputs.iter().find(|argument| matches!(argument, FnArg::Receiver(_)))
    }
}

impl Entry {
    /// The item without what would lead to further errors. `None` if other items may refer to what has to go.
    pub(super) fn without_faults(&self) -> Option<TokenStream> {
        match self {
            // The body may use fields of `self` that do not exist.
            Entry::Function(function) if function.receiver().is_some() => {
                let Function { vis, signature, .. } = &**function;
                Some(quote!(#[allow(unused)] #vis #signature { loop {} }))
            }
            // The compiler would say once more that this cannot be.
            Entry::Function(function) if function.signature.variadic.is_some() => Some(TokenStream::new()),
            Entry::Function(function) => Some(function.tokens.clone()),
            Entry::Intruder(intruder) => intruder.tokens.clone(),
        }
    }
}
