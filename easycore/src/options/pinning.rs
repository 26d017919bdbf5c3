//! Where worker threads run.

/// Whether each worker thread is bound to a core of its own.
///
/// Worker `i` goes to the `i`-th core this process may use, beginning again after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pinning {
    /// The operating system decides.
    No,
    /// Bind where the operating system can, go on where it cannot.
    IfSupported,
    /// Bind, or fail to start.
    Always,
}
