//! Borrowing: items, outputs and inputs may borrow from the caller, and consumer states may be anything.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::rc::Rc;

use easycore::parallel_runner;
use easycore_tests::watched;

/// Trims lines, without copying them.
#[parallel_runner]
impl<'a> Trim<'a> {
    fn producer_work(line: &'a str) -> &'a str {
        line.trim()
    }
}

#[test]
fn borrowed_lines_become_borrowed_outputs() {
    for workers in [1, 2, 8] {
        watched(format!("{workers} workers"), move || {
            let text = (0..1_000).map(|line| format!("  line {line} ")).collect::<Vec<_>>().join("\n");
            let mut trim = Trim::new(workers);
            let trimmed: Vec<&str> = trim.run(text.lines()).expect("nothing fails");
            assert_eq!(trimmed.len(), 1_000);
            assert!(trimmed.iter().enumerate().all(|(line, text)| *text == format!("line {line}")));
            let inside = text.as_bytes().as_ptr_range();
            assert!(
                trimmed.iter().all(|line| inside.contains(&line.as_ptr())),
                "they are pieces of the text"
            );
            assert_eq!(trim.run(text.lines().take(1)).expect("nothing fails"), ["line 0"]);
        });
    }
}

/// Counts words in a table that is neither `Send` nor `'static`.
#[parallel_runner(unordered)]
impl<'a> Words<'a> {
    fn producer_work(line: &'a str) -> Vec<&'a str> {
        line.split(' ').collect()
    }

    fn consumer_init() -> Rc<RefCell<HashMap<&'a str, usize>>> {
        Rc::default()
    }

    fn consumer_work(counts: &mut Rc<RefCell<HashMap<&'a str, usize>>>, words: Vec<&'a str>) {
        for word in words {
            *counts.borrow_mut().entry(word).or_default() += 1;
        }
    }

    fn consumer_end(counts: Rc<RefCell<HashMap<&'a str, usize>>>) -> usize {
        counts.borrow().values().sum()
    }
}

#[test]
fn a_consumer_state_is_neither_send_nor_static() {
    watched("words", || {
        let text = "to be or not to be\n".repeat(100);
        let mut words = Words::new(2);
        assert_eq!(words.run(text.lines()).expect("nothing fails"), 600);
        let counts = Rc::new(RefCell::new(HashMap::new()));
        let mut state = Rc::clone(&counts);
        words.run_into(&mut state, text.lines()).expect("nothing fails");
        words.run_into(&mut state, text.lines().take(1)).expect("nothing fails");
        assert_eq!(counts.borrow().get("be"), Some(&202), "the caller's own state goes on from run to run");
    });
}

/// Works on rows of the caller's, in place.
#[parallel_runner]
impl<'a> Double<'a> {
    fn producer_work(row: &'a mut [u32]) -> u32 {
        for number in row.iter_mut() {
            *number *= 2;
        }
        row.iter().sum()
    }
}

#[test]
fn items_may_be_exclusive_borrows() {
    watched("rows", || {
        let mut rows: Vec<u32> = (0..10_000).collect();
        let sums = Double::new(2).run(rows.chunks_mut(10)).expect("nothing fails");
        assert_eq!(sums.len(), 1_000);
        assert!(rows.iter().copied().eq((0..10_000).map(|number| 2 * number)));
    });
}

/// Items and outputs of any type.
#[parallel_runner]
impl<T: Send> Pass<T> {
    fn producer_work(item: T) -> T {
        item
    }
}

#[test]
fn items_need_be_neither_sync_nor_clone() {
    #[derive(Debug, PartialEq)]
    struct Own(std::cell::Cell<u8>);
    watched("cells", || {
        let items = (0..100).map(|number| Own(std::cell::Cell::new(number)));
        let outputs = Pass::new(2).run(items).expect("nothing fails");
        assert!(outputs.iter().map(|own| own.0.get()).eq(0..100));
        assert_eq!(Pass::new(2).run(std::iter::repeat_n((), 5_000)).expect("nothing fails").len(), 5_000);
    });
}

#[parallel_runner]
impl<'a> UntilEmpty<'a> {
    fn producer_work(line: &'a str) -> &'a str {
        line
    }
    fn consumer_init() -> usize {
        0
    }
    fn consumer_work(lines: &mut usize, line: &'a str) -> ControlFlow<()> {
        *lines += 1;
        if line.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn the_borrowed_data_is_free_again_after_a_run_that_broke_failed_or_was_cancelled() {
    watched("text that is changed between runs", || {
        let mut text = "one\ntwo\n\nthree\n".to_owned();
        {
            let mut runner = UntilEmpty::new(2);
            assert_eq!(runner.run(text.lines()).expect("it breaks"), 3);
            let canceller = runner.canceller();
            let outcome = runner.run(text.lines().cycle().inspect(|_| canceller.cancel()));
            assert!(outcome.is_err());
            let failed = runner.run(text.lines().inspect(|line| assert!(!line.contains('w'))));
            assert!(failed.is_err());
        }
        text.push_str("four");
        assert_eq!(text.lines().count(), 5);
    });
}
