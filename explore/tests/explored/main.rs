//! Explores what the threads of a run do to each other: every test runs its promise under thousands of schedules, and a
//! schedule that breaks it is printed for replay. See `docs/testing.md`.
//!
//! The engine's own source files are compiled here once more, with [`sync`] as the only one that is replaced: its locks,
//! atomics and clock are a model checker's. The rayon pools, which a model checker cannot see through, are left out:
//! [`stage`] sends the workers off in their place.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "the engine's files are written for another crate, which uses and exports more of them"
)]

#[path = "../../../easycore/src/batch.rs"]
mod batch;
#[path = "../../../easycore/src/consume.rs"]
mod consume;
#[path = "../../../easycore/src/control.rs"]
mod control;
#[path = "../../../easycore/src/device.rs"]
mod device;
#[path = "../../../easycore/src/error.rs"]
mod error;
#[path = "../../../easycore/src/failed.rs"]
mod failed;
#[path = "../../../easycore/src/fed.rs"]
mod fed;
#[path = "../../../easycore/src/feed.rs"]
mod feed;
#[path = "../../../easycore/src/gate/mod.rs"]
mod gate;
#[path = "../../../easycore/src/handover.rs"]
mod handover;
#[path = "../../../easycore/src/hooks.rs"]
mod hooks;
#[path = "../../../easycore/src/inbox.rs"]
mod inbox;
#[path = "../../../easycore/src/iterated.rs"]
mod iterated;
#[path = "../../../easycore/src/ledger.rs"]
mod ledger;
#[path = "../../../easycore/src/loan.rs"]
mod loan;
#[path = "../../../easycore/src/options/mod.rs"]
mod options;
#[path = "../../../easycore/src/pace.rs"]
mod pace;
#[path = "../../../easycore/src/panic.rs"]
mod panic;
#[path = "../../../easycore/src/pass.rs"]
mod pass;
#[path = "../../../easycore/src/placement.rs"]
mod placement;
#[path = "../../../easycore/src/process.rs"]
mod process;
#[path = "../../../easycore/src/produce.rs"]
mod produce;
#[path = "../../../easycore/src/reorder.rs"]
mod reorder;
#[path = "../../../easycore/src/report.rs"]
mod report;
#[path = "../../../easycore/src/restarts.rs"]
mod restarts;
#[path = "../../../easycore/src/retry.rs"]
mod retry;
#[path = "../../../easycore/src/roster.rs"]
mod roster;
#[path = "../../../easycore/src/seed.rs"]
mod seed;
#[path = "../../../easycore/src/session.rs"]
mod session;
#[path = "../../../easycore/src/sink.rs"]
mod sink;
#[path = "../../../easycore/src/source.rs"]
mod source;
#[path = "../../../easycore/src/state.rs"]
mod state;
#[path = "../../../easycore/src/step.rs"]
mod step;
#[path = "../../../easycore/src/stream.rs"]
mod stream;
#[path = "../../../easycore/src/worker.rs"]
mod worker;

mod explore;
mod scene;
mod stage;
mod sync;

mod adoption;
mod batches;
mod endings;
mod hand_off;
mod runs;
mod streams;
mod waking;
