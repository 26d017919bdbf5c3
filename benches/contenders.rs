//! Everybody who does a job, with the same number of threads: easycore in its variants, the peers, and the two yardsticks
//! that hand nothing over.

use futures::StreamExt as _;
use pariter::IteratorExt as _;
use rayon::prelude::*;

use crate::hooks::started;
use crate::jobs::Job;
use crate::peers::{
    buffered, channels, chunked_channels, independent, orx_collect, orx_iterated, orx_reduce,
};

pub(crate) const SEQUENTIAL: &str = "sequential";
pub(crate) const IDEAL: &str = "independent threads";
pub(crate) const ORDERED: &str = "easycore ordered";
pub(crate) const UNORDERED: &str = "easycore unordered";
pub(crate) const ORDERED_INDEXED: &str = "easycore ordered, `run_indexed`";
pub(crate) const MERGED: &str = "easycore `consumer_merge`";
pub(crate) const MERGED_INDEXED: &str = "easycore `consumer_merge`, `run_indexed`";
pub(crate) const PAR_ITER: &str = "rayon `par_iter`, reduce";
pub(crate) const PAR_COLLECT: &str = "rayon `par_iter`, collect, fold";
pub(crate) const PAR_BRIDGE: &str = "rayon `par_bridge`, reduce";
pub(crate) const PARITER: &str = "pariter, default";
pub(crate) const PARITER_TUNED: &str = "pariter, tuned";
pub(crate) const ORX_REDUCE: &str = "orx-parallel, reduce";
pub(crate) const ORX_COLLECT: &str = "orx-parallel, collect, fold";
pub(crate) const ORX_ITER: &str = "orx-parallel `iter_into_par`, reduce";
pub(crate) const CHANNELS: &str = "crossbeam, an item a message";
pub(crate) const CHUNKED: &str = "crossbeam, chunked messages";
pub(crate) const TOKIO: &str = "tokio `buffered`, `spawn_blocking`";

/// Peers that hand outputs over in input order while the input is still coming, as an ordered runner does.
pub(crate) const ORDERED_STREAMING: [&str; 3] = [PARITER, PARITER_TUNED, TOKIO];

/// Everybody whose consumption is serial, in input order or as outputs come.
pub(crate) const SERIAL_CONSUMERS: [&str; 9] =
    [ORDERED, UNORDERED, PAR_COLLECT, PARITER, PARITER_TUNED, ORX_COLLECT, CHANNELS, CHUNKED, TOKIO];

/// One way to do a job: from the number of items to the checksum.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) run: Box<dyn FnMut(usize) -> u64>,
}

impl Contender {
    pub(crate) fn new(name: &'static str, run: impl FnMut(usize) -> u64 + 'static) -> Self {
        Self { name, run: Box::new(run) }
    }
}

/// All contenders, warm: what can be started beforehand has been.
pub(crate) fn contenders<J: Job>(threads: usize, job: J) -> Vec<Contender> {
    let items = move |count| (0..count).map(move |index| job.item(index));
    let indexed = move |count: usize| (0..count).into_par_iter().map(move |index| job.item(index));
    let mut ordered = started::<J, true>(threads, job);
    let mut ordered_indexed = started::<J, true>(threads, job);
    let mut unordered = started::<J, false>(threads, job);
    let mut merged = started::<J, false>(threads, job);
    let mut merged_indexed = started::<J, false>(threads, job);
    // The caller's thread drives the stream, `threads` others do the work.
    let tokio = tokio::runtime::Builder::new_current_thread().max_blocking_threads(threads).build();
    let tokio = tokio.expect("a runtime starts");
    let add = u64::wrapping_add;
    vec![
        Contender::new(SEQUENTIAL, move |count| {
            items(count).map(|item| job.consume(job.work(item))).fold(0, add)
        }),
        Contender::new(IDEAL, move |count| independent(threads, job, count)),
        Contender::new(ORDERED, move |count| ordered.run(items(count)).expect("no hook fails")),
        Contender::new(UNORDERED, move |count| unordered.run(items(count)).expect("no hook fails")),
        Contender::new(ORDERED_INDEXED, move |count| {
            ordered_indexed.run_indexed(indexed(count)).expect("no hook fails")
        }),
        Contender::new(MERGED, move |count| merged.merging().run(items(count)).expect("no hook fails")),
        Contender::new(MERGED_INDEXED, move |count| {
            merged_indexed.merging().run_indexed(indexed(count)).expect("no hook fails")
        }),
        Contender::new(PAR_ITER, move |count| {
            indexed(count).map(|item| job.consume(job.work(item))).reduce(|| 0, add)
        }),
        Contender::new(PAR_COLLECT, move |count| {
            let outputs: Vec<_> = indexed(count).map(|item| job.work(item)).collect();
            outputs.into_iter().map(|output| job.consume(output)).fold(0, add)
        }),
        Contender::new(PAR_BRIDGE, move |count| {
            items(count).par_bridge().map(|item| job.consume(job.work(item))).reduce(|| 0, add)
        }),
        Contender::new(PARITER, move |count| {
            let outputs = items(count).parallel_map(move |item| job.work(item));
            outputs.map(|output| job.consume(output)).fold(0, add)
        }),
        Contender::new(PARITER_TUNED, move |count| {
            let outputs = items(count).parallel_map_custom(
                |options| options.threads(threads).buffer_size(buffered(job) * threads),
                move |item| job.work(item),
            );
            outputs.map(|output| job.consume(output)).fold(0, add)
        }),
        Contender::new(ORX_REDUCE, move |count| orx_reduce(threads, job, count)),
        Contender::new(ORX_COLLECT, move |count| orx_collect(threads, job, count)),
        Contender::new(ORX_ITER, move |count| orx_iterated(threads, job, count)),
        Contender::new(CHANNELS, move |count| channels(threads, job, items(count))),
        Contender::new(CHUNKED, move |count| chunked_channels(threads, job, items(count))),
        Contender::new(TOKIO, move |count| {
            let jobs = items(count).map(|item| tokio.spawn_blocking(move || job.work(item)));
            let outputs = futures::stream::iter(jobs).buffered(64 * threads);
            let sum =
                outputs.fold(0, async |sum, output| add(sum, job.consume(output.expect("no job panics"))));
            tokio.block_on(sum)
        }),
    ]
}
