//! Runs every peer in every case, and writes the tables into `docs/reliability.md`. With a case's name it runs that case
//! alone and prints its table.

#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::process::exit;

use easycore_reliability::cases::{CASES, Case};
use easycore_reliability::peers::{PEERS, Peer};
use easycore_reliability::{cell, document};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => {
            let program = env::current_exe()?;
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reliability.md");
            document::write(&path, &document::measured(&program)?)
        }
        [name] => {
            print!("{}", document::table(&env::current_exe()?, case(name)?)?);
            Ok(())
        }
        [flag, peer_name, case_name] if flag == "--cell" => {
            println!("{}", cell::line(peer(peer_name)?, case(case_name)?));
            std::io::stdout().flush()?;
            // What hangs must not keep the process.
            exit(0)
        }
        _ => Err("pass nothing, or the name of a case".into()),
    }
}

fn case(name: &str) -> Result<&'static Case, String> {
    let names = || CASES.map(|case| case.name).join(", ");
    CASES.iter().find(|case| case.name == name).ok_or_else(|| format!("no case {name}, only {}", names()))
}

fn peer(name: &str) -> Result<&'static Peer, String> {
    PEERS.iter().find(|peer| peer.name == name).ok_or_else(|| format!("no peer {name}"))
}
