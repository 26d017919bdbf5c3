//! See the package's tests and examples.
