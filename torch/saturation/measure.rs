//! How contenders are measured: in interleaved rounds, so that what else the machine does falls on everybody.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tch::Device;

use crate::contenders::{self, Contender, Failure};
use crate::images::{DIFFERENT, Image, Photo, repeated};
use crate::model::{Architecture, Weights};
use crate::results::Results;
use crate::utilisation::Utilisation;

/// Images a second.
pub(crate) const RATE: &str = "rate";
/// How many percent of the time the GPU was computing.
pub(crate) const BUSY: &str = "busy";
/// How many percent of the labels are not those of the images one by one.
pub(crate) const DIFFER: &str = "differ";
/// How many threads compute.
pub(crate) const THREADS: &str = "threads";

pub(crate) const BATCHES: [usize; 3] = [1, 32, 256];

/// In a larger batch a device may add up in another order or with another precision, and so take another label for a few
/// images of [`DIFFERENT`]; nine of ten would differ if labels were mixed up.
const MAX_DIFFER: f64 = 10.0;
/// How many times as long as computing an image takes to prepare.
const PREPARATION: f64 = 4.0;

/// How thoroughly to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    /// How long the loop by hand runs in a round, at least.
    pub(crate) round_time: Duration,
    /// How many batches there are in a round, at least: the last ones leave some of the workers idle.
    pub(crate) batches: usize,
    /// How wide and high a photograph may be, in pixels.
    pub(crate) max_side: u16,
    pub(crate) sizes: &'static [usize],
    /// Whether the figures mean anything.
    pub(crate) is_meant: bool,
}

impl Plan {
    pub(crate) const FULL: Plan = Plan {
        rounds: 7,
        round_time: Duration::from_secs(1),
        batches: 16,
        max_side: 2_048,
        sizes: &BATCHES,
        is_meant: true,
    };
    /// To see whether everything works.
    pub(crate) const QUICK: Plan = Plan {
        rounds: 2,
        round_time: Duration::from_millis(20),
        batches: 4,
        max_side: 64,
        sizes: &[1, 32],
        is_meant: false,
    };

    pub(crate) fn cases(&self, device: Device) -> Vec<(Job, usize)> {
        let of_job = |&job| self.sizes.iter().map(move |&batch| (job, batch));
        Job::on(device).iter().flat_map(of_job).collect()
    }
}

/// What is to be done before the network can label an image.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Job {
    Nothing,
    ScaleDown,
    /// Nothing, and the network is one that a GPU is busy with for longer than it takes to bring it images.
    NothingForDeep,
}

impl Job {
    /// Those that are measured on a device.
    pub(crate) fn on(device: Device) -> &'static [Job] {
        if device == Device::Cpu { &Self::ON_CPU } else { &Self::ON_GPU }
    }

    pub(crate) const ON_CPU: [Job; 2] = [Job::Nothing, Job::ScaleDown];
    pub(crate) const ON_GPU: [Job; 3] = [Job::Nothing, Job::ScaleDown, Job::NothingForDeep];

    pub(crate) fn architecture(self, device: Device) -> Architecture {
        match self {
            Self::Nothing | Self::ScaleDown => Architecture::for_device(device),
            Self::NothingForDeep => Architecture::Vgg16,
        }
    }

    /// What a case of it is called in the results.
    pub(crate) fn case(self, batch: usize) -> String {
        match self {
            Self::Nothing => format!("ready {batch}"),
            Self::ScaleDown => format!("photos {batch}"),
            Self::NothingForDeep => format!("deep {batch}"),
        }
    }
}

/// Measures everybody at one job and batch size.
pub(crate) fn case(
    results: &mut Results,
    plan: &Plan,
    weights: &Weights,
    device: Device,
    (job, batch): (Job, usize),
) -> Result<(), Failure> {
    let case = job.case(batch);
    let (images, about) = images(plan, job, weights, device, batch)?;
    results.about(&case, &about);
    let expected = one_by_one(weights, device, &images)?;
    let mut contenders = contenders::all(weights, device, batch)?;
    let count = count(plan, &mut contenders[0], &images, batch)?;
    for contender in &mut contenders {
        (contender.run)(repeated(&images, plan.batches / 2 * batch))?;
    }
    let measured = interleaved(plan.rounds, device, &mut contenders, || repeated(&images, count), &expected)?;
    for (contender, measured) in contenders.iter().zip(measured) {
        results.add(&case, contender.name, RATE, measured.rates);
        results.add(&case, contender.name, DIFFER, measured.differ);
        if !measured.busy.is_empty() {
            results.add(&case, contender.name, BUSY, measured.busy);
        }
        if let Some(threads) = contender.threads {
            results.add(&case, contender.name, THREADS, vec![number(threads)]);
        }
    }
    Ok(())
}

/// Different images, photographs large enough that preparing one takes several times as long as labelling it.
fn images(
    plan: &Plan,
    job: Job,
    weights: &Weights,
    device: Device,
    batch: usize,
) -> Result<(Vec<Image>, String), Failure> {
    let side = weights.architecture.side();
    let ready = |number| Ok::<_, Failure>(Image::Ready(Photo::new(number, side, 1).scaled_down()?));
    let images = (0..DIFFERENT).map(ready).collect::<Result<Vec<_>, _>>()?;
    let mut by_hand = contenders::loop_by_hand(weights, device, batch)?;
    let computing = per_image(2 * batch.max(32), |count| (by_hand.run)(repeated(&images, count)).map(drop))?;
    let mut about = format!("{:.3} ms of computing", computing * 1e3);
    if let Job::Nothing | Job::NothingForDeep = job {
        return Ok((images, about));
    }
    let (mut scale, mut preparing) = (0, 0.0);
    while scale == 0 || preparing < PREPARATION * computing && side * (scale + 1) <= plan.max_side {
        scale += 1;
        let photo = Photo::new(0, side, scale);
        preparing = per_image(8, |count| (0..count).try_for_each(|_| photo.scaled_down().map(drop)))?;
    }
    let pixels = side * scale;
    let _ = write!(about, ", {:.3} ms of scaling down {pixels} × {pixels} pixels", preparing * 1e3);
    let photo = |number| Image::Photo(Photo::new(number, side, scale).into());
    Ok(((0..DIFFERENT).map(photo).collect(), about))
}

/// Seconds for each of `count` images, once that is warm and nothing comes between.
fn per_image<E>(count: usize, mut work: impl FnMut(usize) -> Result<(), E>) -> Result<f64, E> {
    work(count)?;
    let mut least = f64::INFINITY;
    for _ in 0..3 {
        let begun = Instant::now();
        work(count)?;
        least = least.min(begun.elapsed().as_secs_f64());
    }
    Ok(least / number(count))
}

fn one_by_one(weights: &Weights, device: Device, images: &[Image]) -> Result<Vec<i64>, Failure> {
    let labels = (contenders::loop_by_hand(weights, device, 1)?.run)(repeated(images, images.len()))?;
    let mut different = labels.clone();
    different.sort_unstable();
    different.dedup();
    if different.len() < 3 {
        return Err("all images have the same label, which would hide mistakes".into());
    }
    Ok(labels)
}

/// How many images fill a round: whole batches, as many for each of four workers.
fn count(plan: &Plan, by_hand: &mut Contender, images: &[Image], batch: usize) -> Result<usize, Failure> {
    let pace = per_image(4 * batch, |count| (by_hand.run)(repeated(images, count)).map(drop))?;
    let turn = 4 * batch;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands")]
    let turns = (plan.round_time.as_secs_f64() / pace / number(turn)).ceil() as usize;
    Ok(turns.max(plan.batches / 4) * turn)
}

#[derive(Debug, Clone, Default)]
struct Measured {
    rates: Vec<f64>,
    differ: Vec<f64>,
    busy: Vec<f64>,
}

/// Runs everybody in turn, and checks that everybody computes the same.
fn interleaved(
    rounds: usize,
    device: Device,
    contenders: &mut [Contender],
    input: impl Fn() -> Vec<Image>,
    expected: &[i64],
) -> Result<Vec<Measured>, Failure> {
    let utilisation = Utilisation::watch(device);
    let mut measured = vec![Measured::default(); contenders.len()];
    let mut order: Vec<usize> = (0..contenders.len()).collect();
    for _ in 0..rounds {
        for &place in &order {
            let (contender, measured) = (&mut contenders[place], &mut measured[place]);
            let images = input();
            let count = images.len();
            let begun = Instant::now();
            let labels = (contender.run)(images)?;
            measured.rates.push(number(count) / begun.elapsed().as_secs_f64());
            measured.busy.extend(utilisation.as_ref().and_then(|busy| busy.since(begun)));
            measured.differ.push(differ(contender.name, &labels, expected, count)?);
        }
        // Another direction and another start, so that nobody always follows the same neighbour.
        order.reverse();
        order.rotate_left(contenders.len() / 3);
    }
    Ok(measured)
}

fn differ(name: &str, labels: &[i64], expected: &[i64], count: usize) -> Result<f64, Failure> {
    if labels.len() != count {
        return Err(format!("{name}: {} labels for {count} images", labels.len()).into());
    }
    let differing = labels.iter().zip(expected.iter().cycle()).filter(|(label, expected)| label != expected);
    let percent = 100.0 * number(differing.count()) / number(count);
    if percent > MAX_DIFFER {
        return Err(format!("{name}: {percent:.1} % of the labels are others than one by one").into());
    }
    Ok(percent)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn number(count: usize) -> f64 {
    count as f64
}
