//! Which of a machine's GPUs are this process's, where a launcher has started several processes.

use std::env;

/// What launchers call a process's number on its machine, and how many there are.
const VARIABLES: [(&str, &str); 4] = [
    ("LOCAL_RANK", "LOCAL_WORLD_SIZE"),
    ("OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"),
    ("MPI_LOCALRANKID", "MPI_LOCALNRANKS"),
    ("MV2_COMM_WORLD_LOCAL_RANK", "MV2_COMM_WORLD_LOCAL_SIZE"),
];

/// A process among those that a launcher has started on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Local {
    rank: usize,
    /// `None`: the launcher does not tell.
    processes: Option<usize>,
}

impl Local {
    /// What the launcher has told this process.
    pub(super) fn of_process() -> Option<Self> {
        let number = |name| env::var(name).ok()?.trim().parse().ok();
        VARIABLES.iter().find_map(|(rank, processes)| {
            Some(Self { rank: number(rank)?, processes: number(processes).filter(|count| *count > 0) })
        })
    }

    /// The GPUs of this process, of `count` visible ones: as many as of any other, and one that it shares if there are more
    /// processes than GPUs.
    pub(super) fn share(self, count: usize) -> Vec<usize> {
        // Without a number of processes there is one for each GPU, as launchers have it by default.
        let processes = self.processes.unwrap_or(count).min(count).max(1);
        (self.rank % processes..count).step_by(processes).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(rank: usize, processes: impl Into<Option<usize>>, count: usize) -> Vec<usize> {
        Local { rank, processes: processes.into() }.share(count)
    }

    #[test]
    fn a_process_for_each_gpu_has_its_own() {
        assert_eq!(share(2, 4, 4), [2]);
        assert_eq!(share(2, None, 4), [2]);
    }

    #[test]
    fn fewer_processes_than_gpus_divide_them_up() {
        assert_eq!(share(0, 2, 4), [0, 2]);
        assert_eq!(share(1, 2, 4), [1, 3]);
        assert_eq!(share(0, 1, 4), [0, 1, 2, 3]);
        assert_eq!(share(1, 2, 5), [1, 3]);
    }

    #[test]
    fn more_processes_than_gpus_share_them() {
        assert_eq!(share(3, 4, 2), [1]);
        assert_eq!(share(3, None, 2), [1]);
    }

    #[test]
    fn a_launcher_that_shows_each_process_its_gpu_alone_is_left_it() {
        assert_eq!(share(3, 4, 1), [0]);
        assert_eq!(share(3, None, 1), [0]);
    }

    #[test]
    fn without_gpus_there_is_nothing_to_share() {
        assert!(share(0, 4, 0).is_empty());
        assert!(share(1, None, 0).is_empty());
    }
}
