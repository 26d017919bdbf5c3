//! Contenders that are more than an expression: the ideal, the pipelines by hand, and those whose traits have other traits' names.

use std::thread;

use crossbeam_channel::bounded;

use crate::jobs::Job;

/// How many items a tuned pipeline holds for each thread: enough that nobody waits for a late consumer, but not so many
/// that large ones leave the caches by far.
pub(crate) fn buffered<J: Job>(job: J) -> usize {
    (16 * 1024 * 1024 / job.item_bytes()).clamp(4, 1_024)
}

/// The ideal: every thread has its share of items from the start, makes them itself, and hands nothing over.
pub(crate) fn independent<J: Job>(threads: usize, job: J, count: usize) -> u64 {
    thread::scope(|scope| {
        let share = |first| {
            move || (first..count).step_by(threads).map(|index| job.alone(index)).fold(0, u64::wrapping_add)
        };
        let shares: Vec<_> = (0..threads).map(|first| scope.spawn(share(first))).collect();
        shares.into_iter().map(|share| share.join().expect("no share panics")).fold(0, u64::wrapping_add)
    })
}

pub(crate) fn orx_reduce<J: Job>(threads: usize, job: J, count: usize) -> u64 {
    use orx_parallel::{IntoParIter as _, Par as _};
    (0..count)
        .into_par()
        .num_threads(threads)
        .map(|index| job.alone(index))
        .reduce(u64::wrapping_add)
        .unwrap_or(0)
}

pub(crate) fn orx_collect<J: Job>(threads: usize, job: J, count: usize) -> u64 {
    use orx_parallel::{IntoParIter as _, Par as _};
    let outputs: Vec<_> =
        (0..count).into_par().num_threads(threads).map(|index| job.work(job.item(index))).collect();
    outputs.into_iter().map(|output| job.consume(output)).fold(0, u64::wrapping_add)
}

pub(crate) fn orx_iterated<J: Job>(threads: usize, job: J, count: usize) -> u64 {
    use orx_parallel::{IterIntoParIter as _, Par as _};
    let items = (0..count).map(|index| job.item(index)).iter_into_par();
    items.num_threads(threads).map(|item| job.consume(job.work(item))).reduce(u64::wrapping_add).unwrap_or(0)
}

/// What one writes by hand: a feeder, two bounded channels, and the workers in between. Outputs come as they finish.
pub(crate) fn channels<J: Job>(
    threads: usize,
    job: J,
    mut items: impl Iterator<Item = J::Item> + Send,
) -> u64 {
    let (to_workers, waiting) = bounded(buffered(job) * threads);
    let (deliver, delivered) = bounded(buffered(job) * threads);
    thread::scope(|scope| {
        scope.spawn(move || items.try_for_each(|item| to_workers.send(item)));
        for _ in 0..threads {
            let (waiting, deliver) = (waiting.clone(), deliver.clone());
            scope.spawn(move || waiting.iter().try_for_each(|item| deliver.send(job.work(item))));
        }
        drop((waiting, deliver));
        delivered.iter().map(|output| job.consume(output)).fold(0, u64::wrapping_add)
    })
}

/// The same, with the cost of a message shared by a quarter of the items that a thread may hold.
pub(crate) fn chunked_channels<J: Job>(
    threads: usize,
    job: J,
    mut items: impl Iterator<Item = J::Item> + Send,
) -> u64 {
    let chunk = buffered(job) / 4;
    let (to_workers, waiting) = bounded::<Vec<J::Item>>(4 * threads);
    let (deliver, delivered) = bounded::<Vec<J::Output>>(4 * threads);
    thread::scope(|scope| {
        scope.spawn(move || {
            loop {
                let chunk: Vec<_> = items.by_ref().take(chunk).collect();
                if chunk.is_empty() || to_workers.send(chunk).is_err() {
                    break;
                }
            }
        });
        for _ in 0..threads {
            let (waiting, deliver) = (waiting.clone(), deliver.clone());
            scope.spawn(move || {
                let worked = |chunk: Vec<_>| chunk.into_iter().map(|item| job.work(item)).collect();
                waiting.iter().try_for_each(|chunk| deliver.send(worked(chunk)))
            });
        }
        drop((waiting, deliver));
        delivered.iter().flatten().map(|output| job.consume(output)).fold(0, u64::wrapping_add)
    })
}
