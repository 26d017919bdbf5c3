//! One peer in one case: run in a process of its own, under a watch, and told in one line.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::cases::Case;
use crate::peers::{Peer, Session};
use crate::scene::{Counts, Scene};

/// Every job here takes far less, on a busy machine, too.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is still moving moves within this time.
const MOMENT: Duration = Duration::from_millis(200);

/// The word that begins the line of a cell.
const MARK: &str = "cell";

/// How a run ended, as its caller sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// As if nothing were wrong.
    Returns,
    /// With an error, which reads so.
    Fails(String),
    /// With a panic, whose message is this.
    Unwinds(String),
    /// Not within five seconds, and nothing is moving any more.
    Hangs,
    /// Not within five seconds, and items are still being worked.
    GoesOn,
}

/// What was seen.
#[derive(Debug)]
pub struct Facts {
    /// How it ended.
    pub ending: Ending,
    /// Counted when the run had ended, and what it was run with was dropped.
    pub counts: Counts,
    /// Counted a moment later.
    pub later: Counts,
}

/// Runs the case in this process. What hangs is left behind.
#[must_use]
pub fn watch(peer: &Peer, case: &Case) -> Facts {
    let scene = Scene::new(case.items, case.fault);
    let (open, runs_again) = (peer.open, case.runs_again);
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || {
        let mut session = open(scene);
        let mut ending = run(&mut session);
        if runs_again {
            scene.repair();
            ending = run(&mut session);
        }
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(session)));
        let ending = dropped.map_or_else(|payload| Ending::Unwinds(message(&*payload)), |()| ending);
        // The receiver is gone if this took too long.
        let _ = sender.send((ending, scene.counts()));
    });
    let seen = ended.recv_timeout(PATIENCE).ok();
    let before = scene.counts();
    thread::sleep(MOMENT);
    let later = scene.counts();
    let moves = before != later;
    let given_up = || (if moves { Ending::GoesOn } else { Ending::Hangs }, before);
    let (ending, counts) = seen.unwrap_or_else(given_up);
    Facts { ending, counts, later }
}

fn run(session: &mut Session) -> Ending {
    match catch_unwind(AssertUnwindSafe(session)) {
        Ok(Ok(())) => Ending::Returns,
        Ok(Err(text)) => Ending::Fails(text),
        Err(payload) => Ending::Unwinds(message(&*payload)),
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no text".to_owned())
}

/// What a child process prints of a cell: whether it is what easycore promises, and the text for the table.
#[must_use]
pub fn line(peer: &Peer, case: &Case) -> String {
    let facts = watch(peer, case);
    format!("{MARK}\t{}\t{}", (case.keeps)(&facts, peer), (case.tell)(&facts, peer))
}

/// A cell as its process told it.
#[derive(Debug)]
pub struct Told {
    /// Whether it is what easycore promises.
    pub is_kept: bool,
    /// For the table.
    pub text: String,
}

/// Has `program` run the cell in a process of its own.
///
/// # Errors
/// If no process can be started.
pub fn in_a_process(program: &Path, peer: &Peer, case: &Case) -> io::Result<Told> {
    let mut command = Command::new(program);
    // Backtraces of thousands of panics would take longer than the case.
    command.args(["--cell", peer.name, case.name]).env_remove("RUST_BACKTRACE").stderr(Stdio::null());
    let output = command.output()?;
    let told = String::from_utf8_lossy(&output.stdout);
    let line = told.lines().find_map(|line| line.strip_prefix(MARK)?.strip_prefix('\t')?.split_once('\t'));
    Ok(match line {
        Some((is_kept, text)) => Told { is_kept: is_kept == "true", text: text.to_owned() },
        None => Told { is_kept: false, text: format!("**takes the process down** ({})", output.status) },
    })
}
