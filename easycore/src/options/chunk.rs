//! How much of the input is handed out at a time.

/// How many items a worker takes from the input at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Chunk {
    /// As many as make about 100 µs of pulling and work, measured while the run goes on: one item if it takes
    /// milliseconds, thousands if it takes nanoseconds.
    Auto,
    /// Exactly so many; fewer where the input ends, or keeps the consumer waiting. `Exactly(1)` is for a source that
    /// waits for the run's own outputs, as a crawler's does.
    Exactly(usize),
}
