//! Those who run the job, each as its own documentation shows it. Worker states are made by whatever the peer offers
//! for that; where it offers nothing, by what is usually written.

mod crossbeam;
mod easycore;
mod orx;
mod pariter;
mod rayon;
mod threadpool;
mod tokio;

use crate::scene::Scene;

/// What is kept from run to run: a pool, a runtime, a runner. A run ends normally, or with the text of an error.
pub type Session = Box<dyn FnMut() -> Result<(), String> + Send>;

/// A way to run a job.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// As in the tables.
    pub name: &'static str,
    /// The crate whose version counts.
    pub library: &'static str,
    /// How it is used.
    pub usage: &'static str,
    /// Whether the input need not end.
    pub takes_endless: bool,
    /// Whether results come in input order.
    pub is_ordered: bool,
    /// Begins.
    pub open: fn(&'static Scene) -> Session,
}

/// All of them, easycore first.
pub const PEERS: [Peer; 12] = [
    easycore::ORDERED,
    easycore::UNORDERED,
    easycore::STREAM,
    rayon::PAR_ITER,
    rayon::COLLECT,
    rayon::PAR_BRIDGE,
    pariter::MAP,
    orx::ITER,
    crossbeam::SCOPED,
    crossbeam::DETACHED,
    tokio::BUFFERED,
    threadpool::EXECUTE,
];

/// Takes outputs in a loop until there is an error or enough.
fn consume(
    scene: &Scene,
    outputs: impl IntoIterator<Item = Result<usize, impl ToString>>,
) -> Result<(), String> {
    for output in outputs {
        if scene.consume(output.map_err(|error| error.to_string())?).is_break() {
            break;
        }
    }
    Ok(())
}
