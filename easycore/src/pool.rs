//! The threads of a runner: one rayon pool for each distinct device, one named thread for each worker. Nothing here
//! knows hooks; a job is a closure that every worker runs once.

use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use rayon::{Scope, ThreadPool, ThreadPoolBuilder};

use crate::control::Control;
use crate::device::Device;
use crate::devices::Devices;
use crate::error::{Error, ErrorKind};
use crate::options::Options;
use crate::panic::{drop_all_quietly, drop_quietly};
use crate::process::Process;
use crate::roster::Roster;
use crate::sync::Mutex;
use crate::worker::{Place, Worker};

/// All the worker threads of a runner, idle unless they have a job. Dropping it ends and joins them.
#[derive(Debug)]
pub(crate) struct Crew {
    pools: Vec<Pool>,
    /// Whether a worker is left behind in a hook.
    given_up: Arc<AtomicBool>,
    /// Why workers have no state that a run can do without, until the first run takes note of it.
    spared: Mutex<Vec<Error>>,
    /// Whose threads these are: a fork does not take them along.
    process: Process,
}

/// The workers of one device.
#[derive(Debug)]
struct Pool {
    /// `None` only while it is being dropped.
    threads: Option<ThreadPool>,
    handles: Vec<JoinHandle<()>>,
    workers: Arc<[Worker]>,
}

impl Crew {
    pub(crate) fn open(
        name: &str,
        devices: &Devices,
        options: &Options,
        control: &Control,
    ) -> Result<Self, Error> {
        let mut listed: Vec<(&Device, usize)> = Vec::new();
        for device in devices.as_slice() {
            match listed.iter_mut().find(|(known, _)| *known == device) {
                Some((_, workers)) => *workers += options.workers_per_device,
                None => listed.push((device, options.workers_per_device)),
            }
        }
        let given_up = Arc::new(AtomicBool::new(false));
        let among = listed.iter().map(|(_, workers)| workers).sum();
        let mut index = 0;
        let mut pools = Vec::with_capacity(listed.len());
        for (device, count) in listed {
            let workers = (0..count)
                .map(|rank| {
                    let place = Place { index: index + rank, device: device.clone(), rank, among };
                    Worker::new(place, options.seed, control.clone(), Arc::clone(&given_up))
                })
                .collect();
            index += count;
            pools.push(Pool::open(name, device, workers)?);
        }
        Ok(Self { pools, given_up, spared: Mutex::default(), process: Process::current() })
    }

    /// All devices, and which of them have not started.
    pub(crate) fn roster(&self, options: &Options) -> Roster {
        let roster = Roster::new(self.devices(), options);
        let spared = mem::take(&mut *self.spared.lock());
        for error in spared {
            // What has become indispensable meanwhile tries again.
            drop_quietly(roster.lose(error));
        }
        roster
    }

    /// Has the first run do without the devices on which a state could not be made.
    pub(crate) fn spare(&self, failures: Vec<Error>) {
        *self.spared.lock() = failures;
    }

    pub(crate) fn devices(&self) -> impl Iterator<Item = &Device> {
        self.pools.iter().map(|pool| pool.workers[0].device())
    }

    pub(crate) fn len(&self) -> usize {
        self.workers().count()
    }

    pub(crate) fn workers(&self) -> impl Iterator<Item = &Worker> {
        self.pools.iter().flat_map(|pool| pool.workers.iter())
    }

    /// Has every worker run `job` once, meanwhile calls `body` on this thread, and returns when all are done. Neither may
    /// panic.
    ///
    /// # Errors
    /// Where this thread belongs to another rayon pool a helper thread is needed; if there is none to be had, nothing
    /// was run.
    pub(crate) fn broadcast<R>(
        &self,
        job: impl Fn(&Worker) + Sync,
        body: impl FnOnce() -> R,
    ) -> Result<R, Error> {
        let job: &(dyn Fn(&Worker) + Sync) = &job;
        if rayon::current_thread_index().is_none() {
            return Ok(in_scopes(&self.pools, job, body));
        }
        // A rayon thread that waits for a scope steals other jobs of its own pool meanwhile, and would run some stranger's
        // code inside this call; so another thread waits.
        thread::scope(|scope| {
            thread::Builder::new()
                .name("easycore-scope".to_owned())
                .spawn_scoped(scope, || in_scopes(&self.pools, job, || ()))
                .map_err(|error| no_thread(&error))?;
            Ok(body())
        })
    }

    /// Has every worker run `job` once, and does not wait. It may not panic, nor may dropping it.
    pub(crate) fn spawn(&self, job: impl Fn(&Worker) + Send + Sync + 'static) {
        let job = Arc::new(job);
        for pool in &self.pools {
            let (job, workers) = (Arc::clone(&job), Arc::clone(&pool.workers));
            pool.threads().spawn_broadcast(move |context| job(&workers[context.index()]));
        }
    }

    /// Tells those that are in a hook for too long, if they ask, that nobody waits for them any more.
    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    pub(crate) fn process(&self) -> Process {
        self.process
    }

    /// Ends the threads and joins them, but for those of a device with a worker that is `stuck`: they end when it comes back.
    pub(crate) fn disband(mut self, stuck: &[usize]) {
        if !stuck.is_empty() {
            self.give_up();
        }
        for mut pool in self.pools.drain(..) {
            if pool.workers.iter().any(|worker| stuck.contains(&worker.index())) {
                pool.handles.clear();
            }
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        drop_all_quietly(mem::take(&mut *self.spared.lock()).into_iter());
        if !self.process.is_here() {
            // There is nobody to join, and the thread handles are no good here.
            mem::forget(mem::take(&mut self.pools));
        }
    }
}

/// Runs `body` inside one nested scope for each pool: the scopes are what lets `job` borrow.
fn in_scopes<R>(pools: &[Pool], job: &(dyn Fn(&Worker) + Sync), body: impl FnOnce() -> R) -> R {
    fn nest<'scope>(pools: &'scope [Pool], job: &'scope (dyn Fn(&Worker) + Sync), body: &mut dyn FnMut()) {
        let Some((pool, others)) = pools.split_first() else {
            return body();
        };
        pool.threads().in_place_scope(|scope: &Scope<'scope>| {
            scope.spawn_broadcast(|_, context| job(&pool.workers[context.index()]));
            nest(others, job, body);
        });
    }

    let mut body = Some(body);
    let mut result = None;
    nest(pools, job, &mut || result = body.take().map(|body| body()));
    result.expect("the innermost scope calls the body")
}

impl Pool {
    fn open(name: &str, device: &Device, workers: Arc<[Worker]>) -> Result<Self, Error> {
        let handles = Mutex::new(Vec::with_capacity(workers.len()));
        let built = ThreadPoolBuilder::new()
            .num_threads(workers.len())
            .spawn_handler(|worker| {
                let name = format!("{name}/{device}/{}", worker.index());
                handles.lock().push(thread::Builder::new().name(name).spawn(|| worker.run())?);
                Ok(())
            })
            .build();
        let handles = handles.into_inner();
        match built {
            Ok(threads) => Ok(Self { threads: Some(threads), handles, workers }),
            Err(error) => {
                // The pool has already told the threads that did start to end.
                join(handles);
                Err(no_thread(&error))
            }
        }
    }

    fn threads(&self) -> &ThreadPool {
        self.threads.as_ref().expect("only `drop` takes the threads away")
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        drop(self.threads.take());
        join(mem::take(&mut self.handles));
    }
}

fn join(handles: Vec<JoinHandle<()>>) {
    for handle in handles {
        // A worker thread has nothing to return, and jobs do not panic.
        let _ = handle.join();
    }
}

pub(crate) fn no_thread(error: &dyn std::error::Error) -> Error {
    Error::new(
        ErrorKind::Threads,
        format!("a thread could not be started: {error}; use fewer workers or raise the system's limit"),
    )
}

/// Binds the calling thread to the core of the worker's index.
pub(crate) fn pin(worker: &Worker) -> Result<(), Error> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let bound = !cores.is_empty() && core_affinity::set_for_current(cores[worker.index() % cores.len()]);
    if bound {
        return Ok(());
    }
    let refused = io::Error::from(io::ErrorKind::Unsupported);
    Err(Error::new(
        ErrorKind::Threads,
        format!(
            "the operating system would not bind the thread to a core ({refused}): use `Pinning::IfSupported`"
        ),
    )
    .of_worker(worker))
}
