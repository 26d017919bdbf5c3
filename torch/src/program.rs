//! What makes a program of an example: its devices, and how it ends.

use std::env;
use std::fmt::Display;
use std::process::ExitCode;

use easycore::Devices;

/// The devices that the first argument names (`cuda:0,cuda:1`), or every GPU, or every core where there is none.
///
/// # Errors
/// When the argument names no devices.
pub fn devices() -> Result<Devices, easycore::Error> {
    match env::args().nth(1) {
        Some(named) => named.parse(),
        None => Ok(Devices::cudas().unwrap_or_else(|_no_gpu| Devices::cpus())),
    }
}

/// Ends a program as a command line expects: a failure is one line on stderr and exit code 1.
#[must_use]
pub fn exit_code(outcome: Result<(), impl Display>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
