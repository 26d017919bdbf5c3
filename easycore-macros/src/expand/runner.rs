//! The generated type: its declaration, and its methods, each of which hands on to `easycore::Runner`.

use proc_macro2::TokenStream;
use quote::quote;

use super::Types;
use crate::model::Outline;
use crate::paths::{support, unused_name};

/// The type itself, around a field of type `runner`.
pub(super) fn declare(outline: &Outline, runner: &TokenStream) -> TokenStream {
    let Outline { docs, lints, vis, name, generics, .. } = outline;
    let bounds = &generics.where_clause;
    quote! {
        #(#docs)*
        #(#lints)*
        #[must_use = "a runner does nothing until it is run"]
        #vis struct #name #generics #bounds {
            runner: #runner,
        }
    }
}

/// All that a user can do with it.
pub(super) fn implement(outline: &Outline, types: &Types) -> TokenStream {
    let Outline { lints, vis, name, generics, .. } = outline;
    let Types { item, output, consumer_state, outcome, .. } = types;
    let ec = support();
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let used = quote!(#generics #bounds #item #output #consumer_state #outcome);
    let (data, error) = (unused_name("I", &used), unused_name("E", &used));
    let new = new(outline, types);
    // A type without parameters outlives everything, and the compiler warns of a bound that says so.
    let lasting = (!generics.params.is_empty()).then(|| quote!(Self: 'static,));
    quote! {
        #(#lints)*
        #[allow(dead_code, private_bounds, private_interfaces, reason = "generated")]
        impl #parameters #name #arguments #bounds {
            #new
            /// Sets what is tuned: the window, the chunk, what to do about items that fail.
            #vis fn options(self, options: #ec::Options) -> Self {
                let runner = self.runner.options(options);
                Self { runner }
            }
            /// Makes the workers now. Otherwise the first run does. Fails if a worker cannot be made.
            #vis fn start(&mut self) -> #ec::Result<()> {
                self.runner.start()
            }
            /// Runs the whole job. Fails with the first hook that fails or panics.
            #vis fn run<#data>(&mut self, data: #data) -> #ec::Result<#outcome>
            where
                #data: #ec::IntoIterator<Item = #item, IntoIter: #ec::Send>,
            {
                self.runner.run(data)
            }
            /// Like `run`, for input that can fail.
            #vis fn try_run<#data, #error>(&mut self, data: #data) -> #ec::Result<#outcome>
            where
                #data: #ec::IntoIterator<Item = #ec::Result<#item, #error>, IntoIter: #ec::Send>,
                #error: #ec::Into<#ec::HookError>,
            {
                self.runner.try_run(data)
            }
            /// Like `run`, into a consumer state that is kept whatever happens.
            #vis fn run_into<#data>(
                &mut self,
                state: &mut #consumer_state,
                data: #data,
            ) -> #ec::Result<()>
            where
                #data: #ec::IntoIterator<Item = #item, IntoIter: #ec::Send>,
            {
                self.runner.run_into(state, data)
            }
            /// The outputs as an iterator, in place of the consumer hooks.
            #vis fn stream<#data>(&mut self, data: #data) -> #ec::Stream<'_, #output>
            where
                #data: #ec::IntoIterator<Item = #item, IntoIter: #ec::Send + 'static>,
                #lasting
            {
                self.runner.stream(data)
            }
            /// A handle that ends the run in progress, from any thread.
            #vis fn canceller(&self) -> #ec::Canceller {
                self.runner.canceller()
            }
            /// Whether the workers have been made, and not been closed.
            #vis fn is_active(&self) -> bool {
                self.runner.is_active()
            }
            /// Ends all workers. A later run makes them again. Fails with the first that cannot be ended.
            #vis fn close(&mut self) -> #ec::Result<()> {
                self.runner.close()
            }
            /// What happened to each item of the last run.
            #vis fn report(&self) -> #ec::Option<&#ec::Report> {
                self.runner.report()
            }
        }
        impl #parameters #ec::Debug for #name #arguments #bounds {
            fn fmt(&self, f: &mut #ec::Formatter<'_>) -> #ec::FormatResult {
                #ec::Debug::fmt(&self.runner, f)
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
                let runner = #ec::Runner::new(devices, ());
                Self { runner }
            }
        },
        Some(config) => quote! {
            /// A runner on `devices`, whose hooks share `config`. It starts nothing yet.
            #vis fn new(devices: impl #ec::IntoDevices, config: #config) -> Self {
                let runner = #ec::Runner::new(devices, config);
                Self { runner }
            }
        },
    }
}
