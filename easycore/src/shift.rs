//! The workers' shift: from the making of their states to the end of the last one, and what becomes of a worker that does
//! not come back from a hook.

use std::sync::Arc;
use std::time::Duration;

use crate::control::Control;
use crate::device::Device;
use crate::devices::Devices;
use crate::error::{Error, ErrorKind};
use crate::gate::Gate;
use crate::hooks::Hooks;
use crate::options::{Options, Pinning};
use crate::panic::drop_quietly;
use crate::pool::{Crew, pin};
use crate::roll::{self, Answers, Duty};
use crate::state::Warm;
use crate::worker::Worker;

/// Makes the workers and their states; all or none.
pub(crate) fn begin<H: Hooks>(
    devices: &Devices,
    options: &Options,
    control: &Control,
    config: &Arc<H::Config>,
) -> Result<Crew, Error> {
    let crew = Crew::open(H::NAME, devices, options, control)?;
    let init: Duty<H::Config> = match options.pin {
        Pinning::No => make_state::<H>,
        Pinning::IfSupported => |worker, config| {
            drop(pin(worker));
            make_state::<H>(worker, config)
        },
        Pinning::Always => |worker, config| {
            pin(worker)?;
            make_state::<H>(worker, config)
        },
    };
    let Answers { failures, missing } = roll::call(&crew, &[], options.init_timeout, config, init);
    if missing.is_empty() && can_spare(&crew, &failures, options) {
        crew.spare(failures);
        return Ok(crew);
    }
    let late = timed_out(&crew, "producer_init", "init_timeout", options.init_timeout, &missing)
        .map(|error| error.of_hook("producer_init"));
    // A failure says more than that another worker has not come to an end.
    let Some(error) = first(failures.into_iter().chain(late)) else { return Ok(crew) };
    // The cause of the failed start is what the caller has to know.
    let limit = options.close_timeout.or(options.init_timeout);
    drop_quietly(end::<H>(crew, missing, limit, config));
    Err(error)
}

/// Whether enough devices are left without those on which a state could not be made.
fn can_spare(crew: &Crew, failures: &[Error], options: &Options) -> bool {
    let is_sound = |device: &&Device| failures.iter().all(|error| error.device() != Some(device));
    options.min_devices.is_some_and(|min| crew.devices().filter(is_sound).count() >= min)
        && failures.iter().all(|error| error.kind() == ErrorKind::Init)
}

fn make_state<H: Hooks>(worker: &Worker, config: &H::Config) -> Result<(), Error> {
    let mut warm = Warm::<H>::take(worker, config);
    let made = warm.ready(|| Ok(()));
    warm.put_back();
    made
}

/// Ends the workers' states, and their threads. Those that are `stuck`, or take longer than `limit`, are left behind: each ends
/// its state by itself as soon as the call it is in returns.
pub(crate) fn end<H: Hooks>(
    crew: Crew,
    mut stuck: Vec<usize>,
    limit: Option<Duration>,
    config: &Arc<H::Config>,
) -> Result<(), Error> {
    if !stuck.is_empty() {
        crew.give_up();
    }
    let end: Duty<H::Config> = |worker, config| Warm::<H>::end_for_good(worker, config);
    let Answers { failures, missing } = roll::call(&crew, &stuck, limit, config, end);
    let late = timed_out(&crew, "producer_end", "close_timeout", limit, &missing)
        .map(|error| error.of_hook("producer_end"));
    stuck.extend(missing);
    crew.disband(&stuck);
    first(late.into_iter().chain(failures)).map_or(Ok(()), Err)
}

/// Ends the workers of a leaked stream that has been stopped and not come to rest within `limit`.
pub(crate) fn end_restless<H: Hooks>(
    crew: Crew,
    gate: &Gate,
    limit: Duration,
    config: &Arc<H::Config>,
) -> Error {
    let stuck: Vec<_> = crew.workers().map(Worker::index).filter(|index| !gate.has_left(*index)).collect();
    let in_call = timed_out(&crew, "a hook or the input's next()", "close_timeout", Some(limit), &stuck);
    let error = in_call.unwrap_or_else(|| Error::timed_out("the input's next()", limit, "close_timeout"));
    drop_quietly(end::<H>(crew, stuck, Some(limit), config));
    error
}

/// The error that tells of the first of the workers that are `missing`, if any is.
fn timed_out(
    crew: &Crew,
    call: &str,
    option: &str,
    limit: Option<Duration>,
    missing: &[usize],
) -> Option<Error> {
    let worker = crew.workers().find(|worker| missing.contains(&worker.index()))?;
    Some(Error::timed_out(call, limit?, option).of_worker(worker))
}

fn first(mut errors: impl Iterator<Item = Error>) -> Option<Error> {
    let first = errors.next();
    errors.for_each(drop_quietly);
    first
}
