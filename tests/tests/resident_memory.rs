//! The memory of the whole process over ten million items. It is alone in its binary, so that nothing else allocates.
#![cfg(target_os = "linux")]

use std::fs;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use easycore_tests::{JobRunner, identity};

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

#[test]
fn ten_million_ordered_items_need_little_more_memory_than_ten_thousand() {
    let few = most_resident(10_000);
    let many = most_resident(10_000_000);
    assert!(many <= few + 20_000_000, "{few} bytes for ten thousand items, {many} for ten million");
}
