//! The same failures for easycore and for its peers. Each peer meets each case in a process of its own, which tells what
//! it has seen; nothing is judged here but by counting.
//!
//! `scene` is the job with its fault, `peers` are those who run it, `cases` tell which fault and what to look at, `cell` is
//! one peer in one case, and `document` writes the tables.

#![forbid(unsafe_code)]

pub mod cases;
pub mod cell;
pub mod document;
pub mod peers;
pub mod scene;
