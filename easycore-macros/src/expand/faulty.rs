//! What is left of a runner after a fault: all that the rest of the user's crate relies on, so that it finds nothing
//! more to complain of. All types of the data are the compiler's own error type, which agrees with everything.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Types, hooks, runner};
use crate::diagnostics::Faults;
use crate::model::Outline;
use crate::paths::{broken_type, support};
use crate::syntax::{Misplaced, Options};

/// The runner for a block with faults.
pub(crate) fn faulty(outline: &Outline, faults: &Faults) -> TokenStream {
    let Outline { block, name, generics, runtime, config, .. } = outline;
    let broken = broken_type(name);
    let support = support();
    let private = quote!(#runtime::__private);
    let (error_type, other_errors) = error_type(&private, faults);
    let field = hooks::parameters_in_use(generics)
        .map_or_else(|| quote!(#broken), |used| quote!(<#broken as #private::UnknownWith<#used>>::Type));
    let declaration = runner::declare(outline, &field);
    let unknown = || quote!(#broken);
    let types = Types {
        config: config.as_ref().map(|_| unknown()),
        item: unknown(),
        output: unknown(),
        consumer_state: unknown(),
        outcome: unknown(),
    };
    let runner = runner::implement(outline, &types, false);
    quote! {
        #block
        #declaration
        type #broken = #error_type;
        const _: () = {
            use #private as #support;
            #runner
        };
        #other_errors
    }
}

/// The attribute stands on something else than a block of hooks.
pub(crate) fn misplaced(misplaced: &Misplaced, options: &Options, faults: &Faults) -> TokenStream {
    let Misplaced { item, runner, declared } = misplaced;
    let Some((name, generics)) = runner else {
        let errors = faults.compile_errors();
        return quote!(#item #(#errors)*);
    };
    let Options { vis, runtime, config, .. } = options;
    let broken = broken_type(name);
    let (error_type, other_errors) = error_type(&quote!(#runtime::__private), faults);
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let declaration = (!declared).then(|| quote!(#vis struct #name #generics (#broken) #bounds;));
    let config = config.as_ref().map(|_| quote!(, _: #broken));
    quote! {
        #item
        #declaration
        type #broken = #error_type;
        #[allow(dead_code, reason = "there may be nobody who makes one")]
        impl #parameters #name #arguments #bounds {
            #vis fn new(_: impl #runtime::IntoDevices #config) -> #broken {
                loop {}
            }
        }
        #other_errors
    }
}

/// A type that cannot be had for the first of the faults, and the others.
///
/// `compile_error!` in the place of a type would be `()`. An expression that is an error makes an array's length one,
/// and what is projected from the array is then the type that agrees with everything.
fn error_type(private: &TokenStream, faults: &Faults) -> (TokenStream, TokenStream) {
    let mut errors = faults.compile_errors();
    let first = errors.next().unwrap_or_else(|| quote!(0));
    (quote!(<[(); #first] as #private::Unknown>::Type), quote!(#(#errors)*))
}
