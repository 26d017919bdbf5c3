//! Limits to how long a start and a close wait for a hook that does not return. Hooks that are stuck here wait for the test to
//! drop a sender.

use std::cell::Cell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use easycore::{Error, ErrorKind, Options, Worker, parallel_runner};
use easycore_tests::{Books, JobRunner, PATIENCE, Plan, Refused, Spiteful, identity, lock, watched};

/// Far longer than a hook that is not stuck takes.
const LIMIT: Duration = Duration::from_millis(500);

const DEVICES: [&str; 2] = ["cuda:0", "cuda:1"];

/// Something to wait for, until the sender is dropped.
fn hold() -> (Sender<()>, Arc<Mutex<Receiver<()>>>) {
    let (release, held) = mpsc::channel();
    (release, Arc::new(Mutex::new(held)))
}

fn wait_for(held: &Mutex<Receiver<()>>) {
    assert!(
        lock(held).recv_timeout(PATIENCE).is_err_and(|error| error == mpsc::RecvTimeoutError::Disconnected)
    );
}

#[track_caller]
fn assert_timed_out(error: &Error, hook: Option<&str>, words: &[&str]) {
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(error.hook(), hook, "{error}");
    let line = error.to_string();
    assert!(!line.contains('\n') && words.iter().all(|word| line.contains(word)), "{words:?} in {line}");
}

/// A plan whose workers report the end of their states, and the receiver of the reports.
fn reporting(plan: Plan<usize, usize>) -> (Plan<usize, usize>, Receiver<usize>) {
    let (ended, ends) = mpsc::channel();
    let plan = plan.end(move |seat| {
        // Nobody listens any more once the test is over.
        let _ = ended.send(seat.worker.index());
        Ok(())
    });
    (plan, ends)
}

type Begin = fn(&mut JobRunner<usize, usize, true>) -> Error;

#[test]
fn a_producer_init_that_is_stuck_is_an_error_of_the_start_and_a_later_start_tries_again() {
    let begins: [(&str, Begin); 3] = [
        ("start", |runner| runner.start().expect_err("an init is stuck")),
        ("run", |runner| runner.run(0..10).expect_err("an init is stuck")),
        ("stream", |runner| runner.stream(0..10).next().expect("one item").expect_err("an init is stuck")),
    ];
    // That a device could be spared is no reason to go on: nobody knows what its worker is at.
    let both = [Options::new(), Options::new().min_devices(1)];
    for ((name, begin), options) in
        begins.iter().flat_map(|begin| both.clone().map(|options| (*begin, options)))
    {
        watched(format!("{name}, {options:?}"), move || {
            let (release, held) = hold();
            let (plan, ends) = reporting(identity().init(move |worker| {
                if worker.index() == 1 {
                    wait_for(&held);
                }
                Ok(())
            }));
            let books = plan.books();
            let mut runner = JobRunner::<_, _, true>::new(DEVICES, plan).options(options.init_timeout(LIMIT));
            let error = begin(&mut runner);
            let words = ["producer_init", "500ms", "cuda:1", "worker 1", "init_timeout"];
            assert_timed_out(&error, Some("producer_init"), &words);
            assert_eq!(
                (error.worker(), error.device().map(ToString::to_string).as_deref()),
                (Some(1), Some("cuda:1"))
            );
            assert!(!runner.is_active());
            assert_eq!((books.made(), ends.try_recv()), (1, Ok(0)), "the one that did start has been ended");

            drop(release);
            assert_eq!(ends.recv_timeout(PATIENCE), Ok(1), "the late one is ended at once");
            books.assert_all_ended();
            assert_eq!(runner.run(0..10).expect("no init is stuck").len(), 10);
            assert_eq!(books.made(), 4, "the next start makes new workers");
            runner.close().expect("nothing fails");
            books.assert_all_ended();
        });
    }
}

#[test]
fn a_start_while_the_late_worker_is_still_stuck_makes_new_workers() {
    watched("one init is stuck for ever, the others are not", || {
        let (release, held) = hold();
        let calls = AtomicUsize::new(0);
        let (plan, ends) = reporting(identity().init(move |_| {
            if calls.fetch_add(1, Ordering::SeqCst) == 0 {
                wait_for(&held);
            }
            Ok(())
        }));
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(1, plan).options(Options::new().init_timeout(LIMIT));
        runner.start().expect_err("the first is stuck");
        assert_eq!(runner.run(0..10).expect("the second is not").len(), 10);
        runner.close().expect("nothing fails");
        assert_eq!(ends.try_recv(), Ok(0));
        drop(runner);
        drop(release);
        assert_eq!(ends.recv_timeout(PATIENCE), Ok(0), "the late state outlives the runner and is ended");
        books.assert_all_ended();
    });
}

#[test]
fn a_late_producer_init_may_fail_or_panic_and_nobody_cares() {
    for panics in [false, true] {
        watched(format!("panics: {panics}"), move || {
            let (release, held) = hold();
            // Dropped with the plan, whose last owner the late thread is.
            let (gone, wait_gone) = mpsc::channel::<()>();
            let plan = identity().init(move |_| {
                let _gone = &gone;
                wait_for(&held);
                assert!(!panics, "late");
                Err(Box::new(Spiteful(Arc::default())))
            });
            let books = plan.books();
            let mut runner =
                JobRunner::<_, _, true>::new(1, plan).options(Options::new().init_timeout(LIMIT));
            runner.start().expect_err("it is stuck");
            drop(runner);
            drop(release);
            assert_eq!(wait_gone.recv_timeout(PATIENCE), Err(mpsc::RecvTimeoutError::Disconnected));
            assert_eq!(books.made(), 0);
        });
    }
}

#[test]
fn a_late_state_is_ended_even_if_its_init_lets_rayon_run_other_jobs() {
    watched("the end comes up in the middle of the init", || {
        let (release, held) = hold();
        let (ended, ends) = mpsc::channel();
        let dropped = Arc::new(AtomicUsize::new(0));
        let ending = Arc::clone(&dropped);
        // Dropped with the plan, whose last owner the late thread is.
        let (gone, wait_gone) = mpsc::channel::<()>();
        let plan = identity()
            .init(move |_| {
                let _gone = &gone;
                wait_for(&held);
                // Runs what the runner has sent off meanwhile, as waiting for a part of a `join` does.
                assert_eq!(rayon::yield_now(), Some(rayon::Yield::Executed));
                Ok(())
            })
            .end(move |_| {
                ended.send(())?;
                Err(Box::new(Spiteful(Arc::clone(&ending))))
            });
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(1, plan).options(Options::new().init_timeout(LIMIT));
        runner.start().expect_err("it is stuck");
        drop(runner);
        drop(release);
        assert_eq!(ends.recv_timeout(PATIENCE), Ok(()));
        books.assert_all_ended();
        assert_eq!(wait_gone.recv_timeout(PATIENCE), Err(mpsc::RecvTimeoutError::Disconnected));
        assert_eq!(dropped.load(Ordering::SeqCst), 1, "nobody cares for its error, and that it panics");
    });
}

#[test]
fn a_hook_that_nobody_waits_for_any_more_learns_it_by_asking() {
    watched("an init that asks", || {
        let (release, held) = hold();
        let (tell, told) = mpsc::channel();
        let plan = identity().init(move |worker| {
            let before = worker.is_cancelled();
            wait_for(&held);
            tell.send((before, worker.is_cancelled())).map_err(Into::into)
        });
        let mut runner = JobRunner::<_, _, true>::new(1, plan).options(Options::new().init_timeout(LIMIT));
        assert_eq!(runner.start().expect_err("it is stuck").kind(), ErrorKind::Timeout);
        drop(release);
        assert_eq!(told.recv_timeout(PATIENCE), Ok((false, true)));
    });
}

fn stuck_end() -> (Sender<()>, Plan<usize, usize>, Receiver<usize>, Arc<Books>) {
    let (release, held) = hold();
    let (ended, ends) = mpsc::channel();
    let plan = identity().end(move |seat| {
        if seat.worker.index() == 1 {
            wait_for(&held);
        }
        let _ = ended.send(seat.worker.index());
        Ok(())
    });
    let books = plan.books();
    (release, plan, ends, books)
}

#[test]
fn a_producer_end_that_is_stuck_is_an_error_of_close_and_the_runner_is_closed_all_the_same() {
    watched("close", || {
        let (release, plan, ends, books) = stuck_end();
        let mut runner =
            JobRunner::<_, _, true>::new(DEVICES, plan).options(Options::new().close_timeout(LIMIT));
        runner.run(0..10).expect("nothing fails");
        let error = runner.close().expect_err("an end is stuck");
        let words = ["producer_end", "500ms", "cuda:1", "worker 1", "close_timeout"];
        assert_timed_out(&error, Some("producer_end"), &words);
        assert_eq!(ends.try_recv(), Ok(0), "the other one was waited for");
        assert!(!runner.is_active());
        runner.close().expect("it is closed");
        assert_eq!(runner.run(0..10).expect("new workers").len(), 10);
        drop(release);
        assert_eq!(ends.recv_timeout(PATIENCE), Ok(1));
        runner.close().expect("nothing is stuck");
        books.assert_all_ended();
    });
}

#[test]
fn a_drop_returns_though_a_producer_end_is_stuck() {
    watched("drop", || {
        let (release, plan, ends, books) = stuck_end();
        let mut runner =
            JobRunner::<_, _, true>::new(DEVICES, plan).options(Options::new().close_timeout(LIMIT));
        runner.start().expect("nothing fails");
        drop(runner);
        assert_eq!(ends.try_recv(), Ok(0), "the other one was waited for");
        drop(release);
        assert_eq!(ends.recv_timeout(PATIENCE), Ok(1));
        books.assert_all_ended();
    });
}

#[test]
fn a_failed_start_does_not_wait_for_ever_for_an_end_that_is_stuck() {
    watched("init fails on one worker, end is stuck on another", || {
        let (release, plan, ends, _) = stuck_end();
        let plan = plan.init(|worker| if worker.index() == 0 { Refused::result("no") } else { Ok(()) });
        let mut runner = JobRunner::<_, _, true>::new(2, plan).options(Options::new().close_timeout(LIMIT));
        assert_eq!(runner.start().expect_err("it fails").kind(), ErrorKind::Init);
        drop(release);
        assert_eq!(ends.recv_timeout(PATIENCE), Ok(1));
    });
}

#[test]
fn a_timed_out_start_waits_for_the_ends_of_the_others_no_longer_than_for_their_inits() {
    watched("init is stuck on one worker, end on another", || {
        let (release, held) = hold();
        let (stuck, plan, ends, books) = stuck_end();
        let plan = plan.init(move |worker| {
            if worker.index() == 0 {
                wait_for(&held);
            }
            Ok(())
        });
        let mut runner =
            JobRunner::<_, _, true>::new(DEVICES, plan).options(Options::new().init_timeout(LIMIT));
        let error = runner.start().expect_err("worker 0 is stuck");
        assert_timed_out(&error, Some("producer_init"), &["cuda:0", "worker 0"]);
        drop((release, stuck));
        let ended = [(); 2].map(|()| ends.recv_timeout(PATIENCE).expect("both end"));
        assert!(ended == [0, 1] || ended == [1, 0], "{ended:?}");
        books.assert_all_ended();
    });
}

#[test]
fn an_init_that_is_stuck_learns_that_nobody_waits_for_it_before_the_others_are_ended() {
    watched("an end that waits for the init to learn it", || {
        let (learn, learnt) = mpsc::channel();
        let learnt = Mutex::new(learnt);
        let (tell, told) = mpsc::channel();
        let plan = identity()
            .init(move |worker| {
                while worker.index() == 0 && !worker.is_cancelled() {
                    thread::yield_now();
                }
                if worker.index() == 0 { learn.send(()).map_err(Into::into) } else { Ok(()) }
            })
            .end(move |seat| {
                if seat.worker.index() == 1 {
                    tell.send(lock(&learnt).recv_timeout(LIMIT / 2))?;
                }
                Ok(())
            });
        let mut runner =
            JobRunner::<_, _, true>::new(DEVICES, plan).options(Options::new().init_timeout(LIMIT));
        runner.start().expect_err("worker 0 waits to be given up");
        assert_eq!(told.recv_timeout(PATIENCE), Ok(Ok(())));
    });
}

#[test]
fn a_start_tells_of_a_failure_before_a_timeout_and_a_close_of_the_timeout() {
    watched("worker 0 is stuck, worker 1 fails", || {
        let (release, held) = hold();
        let (failing, ending) = (Arc::new(AtomicBool::new(true)), Arc::clone(&held));
        let fails = Arc::clone(&failing);
        let plan = identity()
            .init(move |worker| match (fails.load(Ordering::SeqCst), worker.index()) {
                (false, _) => Ok(()),
                (true, 0) => {
                    wait_for(&held);
                    Ok(())
                }
                (true, _) => Refused::result("no such device"),
            })
            .end(move |seat| {
                if seat.worker.index() == 0 {
                    wait_for(&ending);
                    return Ok(());
                }
                Refused::result("it does not end")
            });
        let options = Options::new().init_timeout(LIMIT).close_timeout(LIMIT);
        let mut runner = JobRunner::<_, _, true>::new(DEVICES, plan).options(options);
        let error = runner.start().expect_err("one is stuck, and one fails");
        assert_eq!((error.kind(), error.worker()), (ErrorKind::Init, Some(1)), "{error}");

        failing.store(false, Ordering::SeqCst);
        runner.start().expect("both start");
        let error = runner.close().expect_err("one is stuck, and one fails");
        assert_timed_out(&error, Some("producer_end"), &["cuda:0", "worker 0"]);
        drop(release);
    });
}

#[test]
fn a_leaked_stream_whose_hook_is_stuck_is_an_error_of_close_and_its_state_is_ended_later() {
    watched("producer_work is stuck", || {
        let (release, held) = hold();
        let (enter, entered) = mpsc::channel();
        let (plan, ends) = reporting(Plan::new(move |_, item| {
            enter.send(())?;
            wait_for(&held);
            // The runner's end may come up here.
            rayon::yield_now();
            Ok(item)
        }));
        let books = plan.books();
        let mut runner =
            JobRunner::<_, _, true>::new("cuda:7", plan).options(Options::new().close_timeout(LIMIT));
        mem::forget(runner.stream(0..10));
        entered.recv_timeout(PATIENCE).expect("an item is worked");
        let error = runner.close().expect_err("it is stuck");
        assert_timed_out(&error, None, &["500ms", "cuda:7", "worker 0", "close_timeout"]);
        assert!(ends.try_recv().is_err());
        drop(runner);
        drop(release);
        assert_eq!(ends.recv_timeout(PATIENCE), Ok(0));
        books.assert_all_ended();
    });
}

#[test]
fn a_leaked_stream_whose_input_is_stuck_is_an_error_of_close_and_its_states_are_ended() {
    watched("next is stuck", || {
        let (release, held) = hold();
        let (enter, entered) = mpsc::channel();
        let (plan, ends) = reporting(identity());
        let books = plan.books();
        // The only device cannot be spared, so nobody stays for what it might leave.
        let options = Options::new().close_timeout(LIMIT).min_devices(1);
        let mut runner = JobRunner::<_, _, true>::new(2, plan).options(options);
        mem::forget(runner.stream((0..10).inspect(move |_| {
            let _ = enter.send(());
            wait_for(&held);
        })));
        entered.recv_timeout(PATIENCE).expect("an item is pulled");
        let error = runner.close().expect_err("it is stuck");
        assert_timed_out(&error, None, &["next()", "500ms", "cpu", "close_timeout"]);
        ends.try_recv().expect("the worker that does not pull has been ended");
        drop(release);
        ends.recv_timeout(PATIENCE).expect("the other is ended when it comes back");
        books.assert_all_ended();
    });
}

#[test]
fn a_feeder_that_is_stuck_is_an_error_of_close() {
    #[parallel_runner(batch(max = 4, delay = "1ms"))]
    impl Batches {
        fn producer_work(items: Vec<u32>) -> Vec<u32> {
            items
        }
    }
    watched("the feeder's next is stuck", || {
        let (_release, held) = hold();
        let (enter, entered) = mpsc::channel();
        let mut batches = Batches::new(2).options(Options::new().close_timeout(LIMIT));
        mem::forget(batches.stream((0..10).inspect(move |_| {
            let _ = enter.send(());
            wait_for(&held);
        })));
        entered.recv_timeout(PATIENCE).expect("an item is pulled");
        let error = batches.close().expect_err("it is stuck");
        assert_timed_out(&error, None, &["next()", "500ms", "close_timeout"]);
        assert_eq!(error.worker(), None);
    });
}

struct Bad {
    held: Arc<Mutex<Receiver<()>>>,
    leaving: Sender<&'static str>,
}

impl Drop for Bad {
    fn drop(&mut self) {
        self.leaving.send("the config").expect("the test waits");
        panic!("a config that panics when it is dropped");
    }
}

thread_local! {
    /// Dropped when the thread ends.
    static LEAVING: Cell<Option<Sender<&'static str>>> = const { Cell::new(None) };
}

#[test]
fn a_late_thread_may_be_the_one_to_drop_a_config_that_panics() {
    #[parallel_runner(config = Bad)]
    impl Late {
        fn producer_init(_: &Worker, config: &Bad) {
            LEAVING.set(Some(config.leaving.clone()));
            wait_for(&config.held);
        }
        fn producer_work((): &mut (), _: u8) {}
    }
    watched("the config's drop panics on the late thread", || {
        let (release, held) = hold();
        let (leaving, left) = mpsc::channel();
        let mut late = Late::new(1, Bad { held, leaving }).options(Options::new().init_timeout(LIMIT));
        late.start().expect_err("it is stuck");
        catch_unwind(AssertUnwindSafe(|| drop(late))).expect("the late thread still has the config");
        drop(release);
        assert_eq!(left.recv_timeout(PATIENCE), Ok("the config"));
        let ended = left.recv_timeout(PATIENCE);
        assert_eq!(ended, Err(mpsc::RecvTimeoutError::Disconnected), "the thread ends as any other");
    });
}
