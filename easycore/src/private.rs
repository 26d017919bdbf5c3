//! What the expansion of the macro relies on.
