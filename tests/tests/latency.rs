//! Latency: a source that turns slow does not hold back what it has yielded, and a source may wait for the run's own
//! outputs.

use std::cmp::Ordering::{Equal, Greater, Less};
use std::collections::VecDeque;
use std::iter;
use std::ops::ControlFlow;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use easycore::{Chunk, Options};
use easycore_tests::{JobRunner, PATIENCE, Plan, identity, watched};

const BURST: usize = 10_000;
const SLOW: usize = 20;
const GAP: Duration = Duration::from_millis(50);

/// Yields a burst, and then an item for every gap. Each of the slow ones must have been consumed before the next but one is
/// yielded: whoever pulls may be in the next one's `next()` when the consumer, on a busy machine, gets to say that it waits.
fn burst_then_slow(consumed: Receiver<usize>) -> impl Iterator<Item = usize> + Send {
    (0..BURST + SLOW).inspect(move |&item| {
        if item > BURST + 1 {
            let before = item - 2;
            loop {
                match consumed.recv_timeout(PATIENCE / 3) {
                    Ok(output) if output == before => break,
                    Ok(_) => {}
                    Err(wait) => panic!("item {before} is held back until item {item} is yielded: {wait}"),
                }
            }
        }
        match item.cmp(&BURST) {
            Less => {}
            // The consumer may take its time for the burst.
            Equal => thread::sleep(4 * GAP),
            Greater => thread::sleep(GAP),
        }
    })
}

fn slow_source<const ORDERED: bool>(workers: usize, options: Options) {
    watched(format!("ordered: {ORDERED}, {workers} workers, {options:?}"), move || {
        let (report, consumed) = mpsc::channel();
        let plan = identity().consume(move |outputs, output| {
            outputs.push(output);
            report.send(output)?;
            Ok(ControlFlow::Continue(()))
        });
        let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan).options(options);
        let outputs = runner.run(burst_then_slow(consumed)).expect("no item is held back");
        assert_eq!(outputs.len(), BURST + SLOW);
    });
}

#[test]
fn an_ordered_run_holds_an_item_of_a_source_that_turns_slow_back_for_one_next_at_most() {
    slow_source::<true>(1, Options::new());
    slow_source::<true>(2, Options::new());
}

#[test]
fn an_unordered_run_holds_an_item_of_a_source_that_turns_slow_back_for_one_next_at_most() {
    slow_source::<false>(1, Options::new());
    slow_source::<false>(2, Options::new());
}

#[test]
fn a_large_window_or_chunk_holds_an_item_of_a_slow_source_back_no_longer() {
    slow_source::<true>(2, Options::new().window(100_000));
    slow_source::<true>(8, Options::new().chunk(Chunk::Exactly(512)));
}

#[test]
fn a_stream_holds_an_item_of_a_source_that_turns_slow_back_for_one_next_at_most() {
    for workers in [1, 2] {
        watched(format!("{workers} workers"), move || {
            let (report, consumed) = mpsc::channel();
            let mut runner = JobRunner::<_, _, true>::new(workers, identity());
            let mut count = 0;
            for output in runner.stream(burst_then_slow(consumed)) {
                // The source is gone when the last item is out.
                let _ = report.send(output.expect("no item is held back"));
                count += 1;
            }
            assert_eq!(count, BURST + SLOW);
        });
    }
}

/// A source of pages that knows only the first, and learns of others from the pages that were visited.
fn frontier(found: Receiver<Vec<usize>>) -> impl Iterator<Item = usize> + Send {
    let (mut known, mut in_work) = (VecDeque::from([0]), 0);
    iter::from_fn(move || {
        while known.is_empty() && in_work > 0 {
            known.extend(found.recv_timeout(PATIENCE / 3).expect("a page that was yielded is visited"));
            in_work -= 1;
        }
        in_work += usize::from(!known.is_empty());
        known.pop_front()
    })
}

fn crawler<const ORDERED: bool>(workers: usize) {
    const PAGES: usize = 500;
    watched(format!("ordered: {ORDERED}, {workers} workers"), move || {
        let (report, found) = mpsc::channel();
        let plan = Plan::new(|_, page: usize| Ok(page)).consume(move |visited, page| {
            visited.push(page);
            report.send([2 * page + 1, 2 * page + 2].into_iter().filter(|&page| page < PAGES).collect())?;
            Ok(ControlFlow::Continue(()))
        });
        let mut runner =
            JobRunner::<_, _, ORDERED>::new(workers, plan).options(Options::new().chunk(Chunk::Exactly(1)));
        let mut visited = runner.run(frontier(found)).expect("the source does not starve");
        visited.sort_unstable();
        assert!(visited.into_iter().eq(0..PAGES));
    });
}

#[test]
fn a_source_may_depend_on_the_runs_own_outputs_with_chunks_of_one() {
    for workers in [1, 2, 8] {
        crawler::<true>(workers);
        crawler::<false>(workers);
    }
}
