//! Which process something belongs to. A fork makes a copy of a runner in the child, but not of its threads.

use std::process;

use crate::error::{Error, ErrorKind};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(u32);

impl Process {
    pub(crate) fn current() -> Self {
        Self(process::id())
    }

    pub(crate) fn is_here(self) -> bool {
        self.0 == process::id()
    }

    /// Tells why nothing will come from threads of this process, if it is not the one that runs.
    pub(crate) fn check(self) -> Result<(), Error> {
        if self.is_here() {
            return Ok(());
        }
        let parent = self.0;
        Err(Error::new(
            ErrorKind::Threads,
            format!(
                "the workers are threads of process {parent}, from which this one was forked without them: \
                 make the runner, or start it, after the fork"
            ),
        ))
    }
}
