//! What the compiler says to users of the macro: fixtures and their expected messages, and no code of its own.
