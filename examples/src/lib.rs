//! What the example programs share.

pub mod bz2;
pub mod digits;
pub mod mandelbrot;
pub mod net;
pub mod photos;
mod whole_file;

use std::error::Error;
use std::process::ExitCode;

use easycore::Devices;

pub use whole_file::WholeFile;

/// Ends a program as a command line expects: a failure is one line on stderr and exit code 1.
///
/// ```
/// use std::process::ExitCode;
/// use easycore_examples::exit_code;
///
/// assert_eq!(exit_code(Ok(())), ExitCode::SUCCESS);
/// assert_eq!(exit_code(Err("the disk is full".into())), ExitCode::FAILURE);
/// ```
#[must_use]
pub fn exit_code(outcome: Result<(), Box<dyn Error>>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A share as people read it.
///
/// ```
/// assert_eq!(easycore_examples::percent(3, 4), "75.00 % (3 of 4)");
/// ```
#[must_use]
pub fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "unknown (of none)".to_owned();
    }
    #[expect(clippy::cast_precision_loss, reason = "two decimals are shown")]
    let share = 100.0 * part as f64 / whole as f64;
    format!("{share:.2} % ({part} of {whole})")
}

/// How many cores this process may use: the usual number of workers.
///
/// ```
/// assert!(easycore_examples::cores() > 0);
/// ```
#[must_use]
pub fn cores() -> usize {
    Devices::cpus().as_slice().len()
}
