//! What a block of hooks means. A model can always be expanded: what would make that fail cannot be said in it.

use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, Generics, Path, Visibility};

use crate::hook::{Hook, Role};
use crate::syntax::{Batch, Order};

/// The generated type from outside: all that the rest of the user's crate relies on, but for the types of the data.
pub(crate) struct Outline {
    /// The user's own block.
    pub(crate) block: TokenStream,
    pub(crate) docs: Vec<Attribute>,
    /// The lints that the user has switched off for the block.
    pub(crate) lints: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) config: Option<TokenStream>,
    pub(crate) runtime: Path,
}

/// A sound block of hooks.
pub(crate) struct Model {
    pub(crate) outline: Outline,
    pub(crate) order: Order,
    /// Then `producer_work` takes and returns vectors.
    pub(crate) batch: Option<Batch>,
    /// Then items are copied, to be tried again.
    pub(crate) retries: Option<usize>,
    pub(crate) producer: Producer,
    /// Without hooks of its own, the consumer collects the outputs.
    pub(crate) consumer: Option<Consumer>,
}

pub(crate) struct Producer {
    pub(crate) init: Option<Call>,
    pub(crate) work: Call,
    pub(crate) end: Option<Call>,
    /// What `producer_work` takes: an item, or a batch of them.
    pub(crate) item: TokenStream,
}

pub(crate) struct Consumer {
    pub(crate) init: Option<Call>,
    pub(crate) work: Call,
    /// With it, consumption takes place on the workers.
    pub(crate) merge: Option<Call>,
    pub(crate) end: Option<Call>,
}

/// How a hook is called.
pub(crate) struct Call {
    pub(crate) hook: &'static Hook,
    pub(crate) name: Ident,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) returns: TokenStream,
    pub(crate) fallible: bool,
    /// The hook is defined more than once, of which the compiler complains; a call would be a second complaint.
    pub(crate) ambiguous: bool,
}

impl Call {
    pub(crate) fn roles(&self) -> Vec<Role> {
        self.arguments.iter().map(|argument| argument.role).collect()
    }
}

pub(crate) struct Argument {
    pub(crate) role: Role,
    pub(crate) ty: TokenStream,
}
