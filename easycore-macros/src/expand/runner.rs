//! The generated type: its declaration, and its methods, each of which hands on to `easycore::Runner`.

use proc_macro2::TokenStream;
use quote::quote;

use super::Types;
use crate::model::Outline;
use crate::paths::{support, unused_name};

/// The type itself, around a `runner`.
pub(super) fn declare(outline: &Outline, runner: &TokenStream) -> TokenStream {
    let Outline { docs, lints, vis, name, generics, .. } = outline;
    let bounds = &generics.where_clause;
    quote! {
        #(#docs)*
        #(#lints)*
        #[must_use = "a runner does nothing until it is run"]
        #vis struct #name #generics (#runner) #bounds;
    }
}

/// All that a user can do with it. If the hooks merge, consumption is up to the workers.
pub(super) fn implement(outline: &Outline, types: &Types, merges: bool) -> TokenStream {
    let Outline { lints, vis, name, generics, .. } = outline;
    let Types { item, output, consumer_state, outcome, .. } = types;
    let ec = support();
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let used = quote!(#generics #bounds #item #output #consumer_state #outcome);
    let (data, error) = (unused_name("I", &used), unused_name("E", &used));
    let new = new(outline, types);
    let consuming = if merges { quote!(self.0.merging()) } else { quote!(self.0) };
    // A type without parameters outlives everything, and the compiler warns of a bound that says so.
    let lasting = (!generics.params.is_empty()).then(|| quote!(where Self: 'static,));
    quote! {
        #(#lints)*
        #[allow(dead_code, private_bounds, private_interfaces, reason = "generated")]
        impl #parameters #name #arguments #bounds {
            #new
            /// Sets what is tuned: the window, the chunk, what to do about items that fail.
            #vis fn options(self, options: #ec::Options) -> Self {
                Self(self.0.options(options))
            }
            /// Makes the workers now. Otherwise the first run does. Fails if a worker cannot be made.
            #vis fn start(&mut self) -> #ec::Result<()> {
                self.0.start()
            }
            /// Runs the whole job. Fails with the first hook that fails or panics.
            #vis fn run(
                &mut self,
                data: impl #ec::IntoIterator<Item = #item, IntoIter: #ec::Send>,
            ) -> #ec::Result<#outcome> {
                #consuming.run(data)
            }
            /// Like `run`, for input that can fail.
            #vis fn try_run<#data, #error>(&mut self, data: #data) -> #ec::Result<#outcome>
            where
                #data: #ec::IntoIterator<Item = #ec::Result<#item, #error>, IntoIter: #ec::Send>,
                #error: #ec::Into<#ec::HookError>,
            {
                #consuming.try_run(data)
            }
            /// Like `run`, into a consumer state that is kept whatever happens.
            #vis fn run_into<#data>(&mut self, state: &mut #consumer_state, data: #data) -> #ec::Result<()>
            where
                #data: #ec::IntoIterator<Item = #item, IntoIter: #ec::Send>,
            {
                #consuming.run_into(state, data)
            }
            /// Like `run`, for a range, a slice, a `Vec` or other input that can be split: workers claim parts of it.
            #vis fn run_indexed(
                &mut self,
                data: impl #ec::Splittable<Item = #item>,
            ) -> #ec::Result<#outcome> {
                #consuming.run_indexed(data)
            }
            /// The outputs as an iterator, in place of the consumer hooks.
            #vis fn stream(
                &mut self,
                data: impl #ec::IntoIterator<Item = #item, IntoIter: #ec::Send + 'static>,
            ) -> #ec::Stream<'_, #output>
            #lasting
            {
                self.0.stream(data)
            }
            /// A handle that ends the run in progress, from any thread.
            #vis fn canceller(&self) -> #ec::Canceller {
                self.0.canceller()
            }
            /// Whether the workers have been made, and not been closed.
            #vis fn is_active(&self) -> bool {
                self.0.is_active()
            }
            /// Ends all workers. A later run makes them again. Fails with the first that cannot be ended.
            #vis fn close(&mut self) -> #ec::Result<()> {
                self.0.close()
            }
            /// What happened to each item of the last run.
            #vis fn report(&self) -> #ec::Option<&#ec::Report> {
                self.0.report()
            }
        }
        impl #parameters #ec::Debug for #name #arguments #bounds {
            fn fmt(&self, f: &mut #ec::Formatter<'_>) -> #ec::FormatResult {
                #ec::Debug::fmt(&self.0, f)
            }
        }
    }
}

fn new(outline: &Outline, types: &Types) -> TokenStream {
    let vis = &outline.vis;
    let ec = support();
    match &types.config {
        None => quote! {
            /// A runner on `devices`. It starts nothing yet.
            #vis fn new(devices: impl #ec::IntoDevices) -> Self {
                Self(#ec::Runner::new(devices, ()))
            }
        },
        Some(config) => quote! {
            /// A runner on `devices`, whose hooks share `config`. It starts nothing yet.
            #vis fn new(devices: impl #ec::IntoDevices, config: #config) -> Self {
                Self(#ec::Runner::new(devices, config))
            }
        },
    }
}
