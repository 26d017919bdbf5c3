//! Benchmarks of the hand-off; see `main.rs`.
