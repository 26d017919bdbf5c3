//! Benchmarks of the hand-off; see `hand_off.rs`.
