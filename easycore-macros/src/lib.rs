//! The attribute macro of `easycore`.
