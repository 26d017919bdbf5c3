//! Who labels images: a loop by hand, threads by hand, and the runner.

use std::error::Error;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use tch::{Device, TchError};

use crate::images::{Image, Photo, repeated};
use crate::labeller::{Labeller, NAME, Setup};
use crate::machine::threads_named;
use crate::model::{Net, Weights};

pub(crate) type Failure = Box<dyn Error>;
type Labels = Result<Vec<i64>, Failure>;

pub(crate) const LOOP: &str = "loop by hand";
pub(crate) const LOOP_PINNED: &str = "loop by hand, pinned memory";
pub(crate) const LOOP_HALF: &str = "loop by hand, libtorch on half of the cores";
pub(crate) const LOOP_ALL_THREADS: &str = "loop by hand, libtorch on all cores";
pub(crate) const THREADS: &str = "two threads by hand";
pub(crate) const ONE: &str = "runner, 1 worker";
pub(crate) const ONE_WITH_ONE_THREAD: &str = "runner, 1 worker, libtorch on one core";
pub(crate) const ONE_HALF: &str = "runner, 1 worker, libtorch on half of the cores";
pub(crate) const TWO: &str = "runner, 2 workers";
pub(crate) const TWO_PINNED: &str = "runner, 2 workers, pinned memory";
pub(crate) const FOUR: &str = "runner, 4 workers";

/// A way to label images.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) run: Box<dyn FnMut(Vec<Image>) -> Labels>,
    /// How many threads compute for it: its workers, and those on which libtorch spreads an operation of theirs. Known for
    /// runners, once they have run.
    pub(crate) threads: Option<usize>,
}

/// Everybody who is to be compared on `device`, in the order of the tables; runners are started.
pub(crate) fn all(weights: &Weights, device: Device, batch: usize) -> Result<Vec<Contender>, Failure> {
    let setup = |pinned, threads| Setup { weights: weights.clone(), pinned, threads };
    let runner =
        |name, workers, pinned, threads| runner(name, workers, device, batch, setup(pinned, threads));
    let mut all = vec![loop_by_hand(weights, device, batch)?];
    if device == Device::Cpu {
        let net = Net::new(weights, device, batch, false)?;
        all.push(by_hand(LOOP_ALL_THREADS, net, batch, tch::get_num_threads()));
        all.push(two_threads(weights, device, batch)?);
        all.push(runner(ONE_WITH_ONE_THREAD, 1, false, Some(1))?);
    } else {
        let half = (tch::get_num_threads() / 2).max(1);
        all.push(by_hand(LOOP_HALF, Net::new(weights, device, batch, false)?, batch, half));
        let net = Net::new(weights, device, batch, true)?;
        all.push(by_hand(LOOP_PINNED, net, batch, tch::get_num_threads()));
        all.push(two_threads(weights, device, batch)?);
        all.push(runner(ONE_HALF, 1, false, Some(half))?);
        all.push(runner(TWO_PINNED, 2, true, None)?);
    }
    for (name, workers) in [(ONE, 1), (TWO, 2), (FOUR, 4)] {
        all.push(runner(name, workers, false, None)?);
    }
    Ok(all)
}

/// What everybody is compared with. On a processor it takes one core, on a GPU what libtorch takes to bring images there.
pub(crate) fn loop_by_hand(weights: &Weights, device: Device, batch: usize) -> Result<Contender, Failure> {
    let threads = if device == Device::Cpu { 1 } else { tch::get_num_threads() };
    Ok(by_hand(LOOP, Net::new(weights, device, batch, false)?, batch, threads))
}

fn by_hand(name: &'static str, mut net: Net, batch: usize, threads: i32) -> Contender {
    let run = move |images| Ok(with_threads(threads, || in_batches(&mut net, images, batch))?);
    Contender { name, run: Box::new(run), threads: None }
}

/// Has libtorch spread operations over so many threads, meanwhile: those of this thread and of threads that begin.
fn with_threads<R>(threads: i32, work: impl FnOnce() -> R) -> R {
    let usual = tch::get_num_threads();
    tch::set_num_threads(threads);
    let result = work();
    tch::set_num_threads(usual);
    result
}

fn in_batches(net: &mut Net, images: Vec<Image>, batch: usize) -> Result<Vec<i64>, TchError> {
    let mut labels = Vec::with_capacity(images.len());
    let mut images = images.into_iter().peekable();
    while images.peek().is_some() {
        labels.extend(net.labels(images.by_ref().take(batch).collect())?);
    }
    Ok(labels)
}

/// The ideal of two workers: each has its half from the start and hands nothing over.
fn two_threads(weights: &Weights, device: Device, batch: usize) -> Result<Contender, Failure> {
    let share = (tch::get_num_threads() / 2).max(1);
    let [one, other] = [Hand::new(weights, device, batch)?, Hand::new(weights, device, batch)?];
    let run = move |mut images: Vec<Image>| {
        let second = images.split_off(images.len() / batch / 2 * batch);
        with_threads(share, || {
            one.give.send(images)?;
            other.give.send(second)?;
            Ok([one.take.recv()??, other.take.recv()??].concat())
        })
    };
    Ok(Contender { name: THREADS, run: Box::new(run), threads: None })
}

/// A thread that lasts, because libtorch prepares a GPU's convolutions for each thread anew. It ends when this is dropped.
struct Hand {
    give: Sender<Vec<Image>>,
    take: Receiver<Result<Vec<i64>, TchError>>,
}

impl Hand {
    fn new(weights: &Weights, device: Device, batch: usize) -> Result<Self, Failure> {
        let mut net = Net::new(weights, device, batch, false)?;
        let (give, given) = mpsc::channel::<Vec<Image>>();
        let (done, take) = mpsc::channel();
        thread::spawn(move || {
            let _no_gradients = tch::no_grad_guard();
            for images in given {
                if done.send(in_batches(&mut net, images, batch)).is_err() {
                    break;
                }
            }
        });
        Ok(Self { give, take })
    }
}

fn runner(
    name: &'static str,
    workers: usize,
    device: Device,
    batch: usize,
    setup: Setup,
) -> Result<Contender, Failure> {
    match batch {
        1 => of_batch::<1>(name, workers, device, setup),
        32 => of_batch::<32>(name, workers, device, setup),
        256 => of_batch::<256>(name, workers, device, setup),
        _ => Err(format!("there is no runner for batches of {batch}").into()),
    }
}

fn of_batch<const BATCH: usize>(
    name: &'static str,
    workers: usize,
    device: Device,
    setup: Setup,
) -> Result<Contender, Failure> {
    let image = Image::Ready(Photo::new(0, setup.weights.architecture.side(), 1).scaled_down()?);
    let mut runner = Labeller::<BATCH>::new(vec![device; workers], setup);
    let before = threads_named(NAME);
    // What a worker sets holds for threads to come, too.
    with_threads(tch::get_num_threads(), || runner.start())?;
    // Threads of libtorch's come up with the first operation that is worth them.
    runner.run(repeated(&[image], BATCH * workers))?;
    Ok(Contender {
        name,
        run: Box::new(move |images| Ok(runner.run(images)?)),
        threads: Some(threads_named(NAME) - before),
    })
}
