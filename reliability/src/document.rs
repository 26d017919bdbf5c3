//! The tables, as Markdown.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::cases::{CASES, Case};
use crate::cell;
use crate::peers::PEERS;
use crate::scene::WORKERS;

const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";
const LOCK: &str = include_str!("../../Cargo.lock");

/// Everything between the markers: who took part, and a table for each case.
///
/// # Errors
/// If no process can be started for a cell.
pub fn measured(program: &Path) -> Result<String, Box<dyn Error>> {
    let mut text = format!(
        "Run on {} with `cargo run --release -p easycore-reliability`, {WORKERS} workers each, on a machine with {} cores.\n\n",
        today(),
        thread::available_parallelism().map_or(1, usize::from),
    );
    text.push_str("| | version | used as |\n| --- | --- | --- |\n");
    for peer in PEERS {
        let version =
            version(peer.library).ok_or_else(|| format!("{} is not in the lock file", peer.library))?;
        let _ = writeln!(text, "| {} | {version} | {} |", peer.name, peer.usage);
    }
    for case in &CASES {
        let _ = write!(text, "\n### {}\n\n{}\n\n{}", case.title, case.setting, table(program, case)?);
        eprintln!("{}", case.title);
    }
    Ok(text)
}

/// A row for each peer.
///
/// # Errors
/// If no process can be started for a cell.
pub fn table(program: &Path, case: &Case) -> io::Result<String> {
    let mut table = String::from("| | what happens |\n| --- | --- |\n");
    for peer in &PEERS {
        let text = if peer.takes_endless || case.items.is_some() {
            cell::in_a_process(program, peer, case)?.text
        } else {
            "takes no endless input".to_owned()
        };
        let _ = writeln!(table, "| {} | {text} |", peer.name);
    }
    Ok(table)
}

/// Replaces what stands between the markers of the file.
///
/// # Errors
/// If the file cannot be read or written, or has no markers.
pub fn write(path: &Path, measured: &str) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let (Some(begin), Some(end)) = (text.find(BEGIN), text.find(END)) else {
        return Err(format!("{} has no place for the tables", path.display()).into());
    };
    Ok(fs::write(path, format!("{}{BEGIN}\n\n{measured}\n{}", &text[..begin], &text[end..]))?)
}

/// The version of a crate that this was built with.
fn version(library: &str) -> Option<&'static str> {
    let (_, package) = LOCK.split_once(&format!("name = \"{library}\"\nversion = \""))?;
    package.split('"').next()
}

/// Today in UTC, as year-month-day.
fn today() -> String {
    let mut days =
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs() / 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", days + 1)
}
