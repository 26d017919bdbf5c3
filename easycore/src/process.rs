//! Which process something belongs to. A fork makes a copy of a runner in the child, but not of its threads.

use std::{fmt, process};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(u32);

impl Process {
    pub(crate) fn current() -> Self {
        Self(process::id())
    }

    /// Whether it is the one that runs this.
    pub(crate) fn is_here(self) -> bool {
        self.0 == process::id()
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.0)
    }
}
