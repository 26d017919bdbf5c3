//! The memory of the whole process over millions of items. Nothing else is in this binary, and one test waits for the other, so
//! that nothing else allocates.
#![cfg(target_os = "linux")]

use std::fs;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use easycore::{Chunk, Options};
use easycore_tests::{JobRunner, Plan, identity, lock};

/// The size of a page on every machine these tests run on.
const PAGE: usize = 4_096;

fn resident_bytes() -> usize {
    let text = fs::read_to_string("/proc/self/statm").expect("Linux tells it");
    let pages = text.split(' ').nth(1).expect("the second number is the resident set");
    PAGE * pages.parse::<usize>().expect("it is a number")
}

/// Runs so many items through two workers, in order, and returns the most memory the process had meanwhile.
fn most_resident(items: usize) -> usize {
    let most = Arc::new(AtomicUsize::new(0));
    let watching = Arc::clone(&most);
    let plan = identity().consume(move |_, output| {
        if output % 10_000 == 0 {
            watching.fetch_max(resident_bytes(), Ordering::Relaxed);
        }
        Ok(ControlFlow::Continue(()))
    });
    let mut runner = JobRunner::<_, _, true>::new(2, plan);
    runner.run(0..items).expect("nothing fails");
    assert_eq!(runner.report().map(easycore::Report::consumed), Some(items));
    most.fetch_max(resident_bytes(), Ordering::Relaxed).max(resident_bytes())
}

/// Consumes so many items on two workers, a chunk each, and returns the most memory the process had meanwhile.
fn most_resident_merging<O: Send + 'static>(output: fn(usize) -> O, items: usize) -> usize {
    let mut most = 0;
    let plan = Plan::new(move |_, item| Ok(output(item))).consume(|_, _| Ok(ControlFlow::Continue(())));
    let options = Options::new().chunk(Chunk::Exactly(1)).window(64);
    let mut runner = JobRunner::<_, _, false>::new(2, plan).options(options);
    let input = (0..items).inspect(|item| {
        if item % 10_000 == 0 {
            most = most.max(resident_bytes());
        }
    });
    runner.merging().run(input).expect("nothing fails");
    assert_eq!(runner.report().map(easycore::Report::consumed), Some(items));
    most.max(resident_bytes())
}

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[test]
fn chunks_that_are_consumed_on_the_workers_leave_nothing_behind() {
    let _alone = lock(&ONE_AT_A_TIME);
    // Outputs that take no room are a case of their own for a buffer.
    let few = most_resident_merging(|item| item, 10_000).max(most_resident_merging(drop, 10_000));
    let many = most_resident_merging(|item| item, 600_000).max(most_resident_merging(drop, 600_000));
    assert!(many <= few + 8_000_000, "{few} bytes for ten thousand chunks, {many} for six hundred thousand");
}

#[test]
fn ten_million_ordered_items_need_little_more_memory_than_ten_thousand() {
    let _alone = lock(&ONE_AT_A_TIME);
    let few = most_resident(10_000);
    let many = most_resident(10_000_000);
    assert!(many <= few + 20_000_000, "{few} bytes for ten thousand items, {many} for ten million");
}
