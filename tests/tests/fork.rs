//! A forked process has a copy of a runner, but not its threads: whatever needs them is an error there, and nothing hangs. This is
//! a program of its own, so that no thread of a test harness is in the way of the fork.

#[cfg(unix)]
fn main() {
    unix::a_runner_is_an_error_in_a_forked_process();
    unix::a_stream_is_an_error_in_a_forked_process();
    unix::a_drop_leaves_the_states_to_the_parent();
    unix::a_runner_that_was_not_started_works_in_a_forked_process();
    println!("4 promises about forks are kept");
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod unix {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::{mem, process};

    use easycore::{Error, ErrorKind, Options};
    use easycore_tests::{Books, JobRunner, identity, watched};
    use fork::{Fork, fork, waitpid};

    type Runner = JobRunner<usize, usize, true>;

    fn started() -> (Runner, Arc<Books>) {
        let plan = identity();
        let books = plan.books();
        let mut runner = Runner::new(3, plan);
        runner.start().expect("nothing fails");
        (runner, books)
    }

    /// Runs `child` in a forked process, which hands back the value untouched, and expects success of it.
    fn in_child<T: Send + 'static>(name: &str, value: T, child: impl FnOnce(T) + Send + 'static) -> T {
        match fork().expect("a process can be forked") {
            Fork::Child => {
                // The thread that waits, and ends the process if it hangs, is the child's first.
                let case = format!("{name}, in the child");
                let outcome = catch_unwind(AssertUnwindSafe(|| watched(case, move || child(value))));
                process::exit(outcome.map_or(1, |()| 0));
            }
            Fork::Parent(child) => {
                assert_eq!(waitpid(child).expect("it can be waited for"), 0, "{name}");
                value
            }
        }
    }

    #[track_caller]
    fn assert_forked(error: &Error) {
        assert_eq!(error.kind(), ErrorKind::Threads, "{error}");
        let line = error.to_string();
        assert!(line.contains("forked") && line.contains("after the fork") && !line.contains('\n'), "{line}");
    }

    pub(crate) fn a_runner_is_an_error_in_a_forked_process() {
        let (runner, books) = started();
        let states = Arc::clone(&books);
        let mut runner = in_child("every use", runner, move |mut runner| {
            assert_forked(&runner.start().expect_err("it has no threads"));
            assert_forked(&runner.run(0..10).expect_err("it has no threads"));
            assert_forked(&runner.stream(0..10).next().expect("one item").expect_err("it has no threads"));
            assert!(runner.is_active());
            assert_forked(&runner.close().expect_err("it has no threads"));
            assert!(!runner.is_active());
            assert_eq!(states.living(), 3, "the states are the parent's");
            let mut runner = runner.options(Options::new().workers_per_device(2));
            assert_eq!(runner.run(0..10).expect("it has threads of its own now").len(), 10);
            runner.close().expect("nothing fails");
            assert_eq!((states.made(), states.living()), (9, 3));
        });
        assert_eq!(runner.run(0..10).expect("the parent's threads are all there").len(), 10);
        runner.close().expect("nothing fails");
        assert_eq!(books.made(), 3);
        books.assert_all_ended();
    }

    pub(crate) fn a_stream_is_an_error_in_a_forked_process() {
        for leaked in [false, true] {
            let (mut runner, books) = started();
            // What was handed over before the fork may still come out.
            let mut runner = if leaked {
                mem::forget(runner.stream(0..1_000_000));
                in_child("a leaked stream", runner, |mut runner| {
                    assert_forked(&runner.run(0..10).expect_err("it has no threads"));
                    assert_forked(&runner.close().expect_err("it has no threads"));
                })
            } else {
                let mut stream = Box::leak(Box::new(runner)).stream(0..1_000_000);
                stream.next().expect("there are items").expect("nothing fails");
                let stream = in_child("a live stream", stream, |mut stream| {
                    assert_forked(&stream.find_map(Result::err).expect("it has no threads"));
                    assert!(stream.next().is_none());
                });
                let stream = in_child("a stream's drop", stream, drop);
                assert!(stream.map(|output| output.expect("nothing fails")).eq(1..1_000_000));
                continue;
            };
            runner.close().expect("nothing fails");
            books.assert_all_ended();
        }
    }

    pub(crate) fn a_drop_leaves_the_states_to_the_parent() {
        let (runner, books) = started();
        let states = Arc::clone(&books);
        let runner = in_child("drop", runner, move |runner| {
            drop(runner);
            assert_eq!(states.living(), 3);
        });
        drop(runner);
        books.assert_all_ended();
    }

    pub(crate) fn a_runner_that_was_not_started_works_in_a_forked_process() {
        let mut runner = in_child("not started", Runner::new(2, identity()), |mut runner| {
            assert_eq!(runner.run(0..10).expect("nothing fails").len(), 10);
        });
        assert_eq!(runner.run(0..10).expect("nothing fails").len(), 10);
    }
}
