//! Syntax in, model out: what the block means, and everything that is wrong with it at once.
//! Types are never compared here: whether two hooks agree is for the compiler to say.

mod found;
mod header;
mod open;
mod parameters;
mod signature;

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote_spanned};
use syn::{ReturnType, Type};

use self::found::Found;
use crate::diagnostics::{Faults, source};
use crate::hook::{Hook, HookId};
use crate::model::{Argument, Call, Consumer, Model, Outline, Producer};
use crate::paths::without_self;
use crate::syntax::{Block, Function, Options};

/// What the check of one hook may ask about the rest.
struct Context<'a> {
    block: &'a Block,
    config: Option<String>,
    works_in_batches: bool,
    found: Found<'a>,
}

/// The model; or the reasons why there is none, and the outline that stands in for it.
pub(crate) fn check(
    block: &Block,
    options: Options,
    mut faults: Faults,
) -> Result<Box<Model>, (Box<Outline>, Faults)> {
    let context = Context {
        block,
        config: options.config.as_ref().map(source),
        works_in_batches: options.batch.is_some(),
        found: found::find(block, &mut faults),
    };
    let mut can_stay = header::check(block, &mut faults);
    for (hook, function) in context.found.hooks() {
        can_stay &= open::are_declared(hook, function, block, &mut faults);
    }
    if let Some(config) = &options.config {
        open::check_config(config, &mut faults);
    }
    found::check_presence(&context, &mut faults);
    found::check_order(&context, &options, &mut faults);
    let mut call = |id: HookId| context.call(context.hook(id), &mut faults);
    let (producer_init, producer_work, producer_end) =
        (call(HookId::ProducerInit), call(HookId::ProducerWork), call(HookId::ProducerEnd));
    let (consumer_init, consumer_work) = (call(HookId::ConsumerInit), call(HookId::ConsumerWork));
    let (consumer_merge, consumer_end) = (call(HookId::ConsumerMerge), call(HookId::ConsumerEnd));

    let (order, batch, retries) = (options.order, options.batch, options.retries);
    match producer_work.and_then(|work| Some((work.arguments.last()?.ty.clone(), work))) {
        Some((item, work)) if faults.is_empty() => Ok(Box::new(Model {
            outline: outline(block, options, block.verbatim()),
            order,
            batch,
            retries,
            producer: Producer { init: producer_init, work, end: producer_end, item },
            consumer: consumer_work.map(|work| Consumer {
                init: consumer_init,
                work,
                merge: consumer_merge,
                end: consumer_end,
            }),
        })),
        _ => {
            let user_block = if can_stay { block.without_faults() } else { TokenStream::new() };
            Err((Box::new(outline(block, options, user_block)), faults))
        }
    }
}

fn outline(block: &Block, options: Options, user_block: TokenStream) -> Outline {
    let Block { docs, lints, generics, name, .. } = block;
    Outline {
        block: user_block,
        docs: docs.clone(),
        lints: lints.clone(),
        vis: options.vis,
        name: name.clone(),
        generics: generics.clone(),
        config: options.config.map(|config| without_self(config, name, generics)),
        runtime: options.runtime,
    }
}

impl Context<'_> {
    /// The hook's row of the table in this block.
    fn hook(&self, id: HookId) -> &'static Hook {
        if self.works_in_batches { id.hook_in_batches() } else { id.hook() }
    }

    /// Checks one hook. `None` if it is not there, or not fit to be called.
    fn call(&self, hook: &'static Hook, faults: &mut Faults) -> Option<Call> {
        let function = self.found.function(hook.id)?;
        if !signature::check(hook, function, self, faults) || self.found.is_orphan(hook.id) {
            return None;
        }
        open::check_return(hook, function, self, faults);
        let Block { name, generics, .. } = self.block;
        let arguments = parameters::check(hook, function, self, faults)?
            .into_iter()
            .map(|(role, ty)| Argument { role, ty: without_self(ty, name, generics) })
            .collect();
        Some(Call {
            hook,
            name: function.signature.ident.clone(),
            arguments,
            returns: without_self(returned(function), name, generics),
            fallible: is_fallible(function),
            ambiguous: self.found.is_ambiguous(hook.id),
        })
    }

    /// The type of the state that `hook` takes, for a message; `None` if nothing makes a state.
    fn state_of(&self, hook: &Hook) -> Option<String> {
        let init = self.found.function(hook.state_from?)?;
        Some(match &init.signature.output {
            ReturnType::Type(_, ty) if !is_fallible(init) => source(ty),
            _ => "State".to_owned(),
        })
    }

    fn usage(&self, hook: &Hook) -> String {
        hook.usage(self.config.as_deref(), self.state_of(hook).as_deref())
    }
}

fn returned(function: &Function) -> TokenStream {
    match &function.signature.output {
        ReturnType::Type(_, ty) => ty.to_token_stream(),
        ReturnType::Default => quote_spanned!(function.signature.ident.span()=> ()),
    }
}

/// A hook may fail exactly when the last segment of its return type is `Result`, whatever the path or alias.
fn is_fallible(function: &Function) -> bool {
    let ReturnType::Type(_, ty) = &function.signature.output else { return false };
    matches!(bare(ty), Type::Path(ty) if ty.path.segments.last().is_some_and(|last| last.ident == "Result"))
}

/// The type without the parentheses and invisible groups around it.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(ty) => bare(&ty.elem),
        Type::Paren(ty) => bare(&ty.elem),
        ty => ty,
    }
}
