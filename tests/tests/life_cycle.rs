//! The life cycle: producers live as long as the runner is open, the consumer starts anew for every run, and every state
//! that was made is ended once, on its own thread, whatever happens.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use easycore::{Canceller, Chunk, Device, ErrorKind, OnError, Options, Worker, parallel_runner};
use easycore_tests::{Books, JobRunner, Plan, Refused, assert_accounts, identity, lock, watched};

#[test]
fn producers_live_from_run_to_run_and_consumers_do_not() {
    watched("five runs", || {
        let begun = Arc::new(AtomicUsize::new(0));
        let plan = identity().begin({
            let begun = Arc::clone(&begun);
            move || {
                begun.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
        });
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(3, plan);
        for run in 1..=5 {
            let outputs = runner.run(0..50).expect("nothing fails");
            assert_eq!(outputs.len(), 50, "only this run's outputs");
            assert_eq!(begun.load(Ordering::SeqCst), run, "consumer_init runs once per run");
            assert_eq!((books.made(), books.living()), (3, 3), "producer_init ran once per worker");
        }
        runner.close().expect("nothing fails");
        books.assert_all_ended();
    });
}

#[test]
fn new_starts_nothing_and_start_makes_every_worker() {
    watched("start", || {
        let plan = identity();
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(3, plan);
        assert!(!runner.is_active());
        assert_eq!(books.made(), 0);
        assert!(runner.report().is_none(), "there was no run");
        runner.start().expect("nothing fails");
        assert!(runner.is_active());
        assert_eq!(books.made(), 3);
        runner.start().expect("they are there already");
        assert_eq!(runner.run(0..10).expect("nothing fails").len(), 10);
        assert_eq!(books.made(), 3);
    });
}

#[test]
fn close_ends_every_state_and_run_after_close_starts_again() {
    watched("close", || {
        let plan = identity();
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(3, plan);
        for round in 1..=3 {
            assert_eq!(runner.run(0..10).expect("nothing fails").len(), 10);
            runner.close().expect("nothing fails");
            assert!(!runner.is_active());
            assert_eq!(books.made(), 3 * round);
            books.assert_all_ended();
            runner.close().expect("closing twice is no error");
        }
    });
}

type Fate = fn(&mut JobRunner<usize, usize, true>);

/// What may happen to a runner between its start and its drop.
const FATES: [(&str, Fate); 7] = [
    ("started", |runner| runner.start().expect("nothing fails")),
    ("success", |runner| drop(runner.run(0..100).expect("nothing fails"))),
    ("error", |runner| drop(runner.run(900..1_100).expect_err("item 1,000 fails"))),
    ("panic", |runner| drop(runner.run(1_900..2_100).expect_err("item 2,000 panics"))),
    ("input panic", |runner| {
        drop(runner.run((0..100).inspect(|&item| assert!(item < 50))).expect_err("the input panics"));
    }),
    ("cancel", |runner| {
        let canceller = runner.canceller();
        let infinite = (0..).map(|item| item % 100).inspect(|&item| {
            if item == 99 {
                canceller.cancel();
            }
        });
        drop(runner.run(infinite).expect_err("it is cancelled"));
    }),
    ("stream dropped", |runner| drop(runner.stream((0..).map(|item| item % 100)).next())),
];

#[test]
fn producer_end_runs_once_for_every_producer_init_on_its_thread_whatever_happened() {
    for (name, fate) in FATES {
        for closed in [true, false] {
            for workers in [1, 2, 8] {
                watched(format!("{name}, {workers} workers, closed: {closed}"), move || {
                    let plan = Plan::new(|_, item: usize| match item {
                        1_000 => Refused::result("a thousand"),
                        2_000 => panic!("two thousand"),
                        _ => Ok(item),
                    });
                    let books = plan.books();
                    let mut runner = JobRunner::new(workers, plan);
                    fate(&mut runner);
                    assert!(books.made() >= workers);
                    if closed {
                        runner.close().expect("no producer_end fails");
                        books.assert_all_ended();
                    }
                    drop(runner);
                    books.assert_all_ended();
                });
            }
        }
    }
}

#[test]
fn a_runner_dropped_by_a_panic_ends_its_states() {
    watched("drop in unwinding", || {
        let plan = identity();
        let books = plan.books();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut runner = JobRunner::<_, _, true>::new(2, plan);
            runner.start().expect("nothing fails");
            panic!("on the caller's thread");
        }));
        assert!(outcome.is_err());
        books.assert_all_ended();
    });
}

#[test]
fn drop_swallows_the_errors_of_producer_end() {
    for panics in [true, false] {
        watched(format!("panics: {panics}"), move || {
            let plan = identity().end(move |_| {
                assert!(!panics, "in producer_end");
                Refused::result("in producer_end")
            });
            let books = plan.books();
            let mut runner = JobRunner::<_, _, true>::new(2, plan);
            runner.run(0..10).expect("nothing fails yet");
            drop(runner);
            books.assert_all_ended();
        });
    }
}

#[test]
fn a_state_that_saw_a_panic_is_ended_and_made_anew_before_the_next_item() {
    watched("one worker, a panic at every tenth item", || {
        let plan = Plan::new(|_, item: usize| {
            assert_ne!(item % 10, 0);
            Ok(item)
        });
        let books = plan.books();
        let mut runner =
            JobRunner::<_, _, true>::new(1, plan).options(Options::new().on_error(OnError::skip(usize::MAX)));
        assert_eq!(runner.run(1..=100).expect("panics are tolerated").len(), 90);
        // The last item panics: nothing comes after it, so the tenth new state is for the next run.
        assert_eq!((books.made(), books.living()), (10, 0));
        books.assert_clean();
        assert_eq!(runner.run(1..=9).expect("nothing fails").len(), 9);
        assert_eq!((books.made(), books.living()), (11, 1));
        runner.close().expect("no producer_end fails");
        books.assert_all_ended();
    });
}

#[test]
fn a_state_that_saw_an_error_is_kept() {
    watched("one worker, an error at every tenth item", || {
        let plan = Plan::new(
            |_, item: usize| if item.is_multiple_of(10) { Refused::result("ten") } else { Ok(item) },
        );
        let books = plan.books();
        let mut runner =
            JobRunner::<_, _, true>::new(1, plan).options(Options::new().on_error(OnError::skip(usize::MAX)));
        assert_eq!(runner.run(1..=100).expect("errors are tolerated").len(), 90);
        assert_eq!((books.made(), books.living()), (1, 1));
    });
}

#[test]
fn a_second_panic_in_producer_end_is_noted_for_close_and_not_thrown() {
    for workers in [1, 2] {
        watched(format!("{workers} workers"), move || {
            // Only the first state of all sees a panic, and panics again when it is ended.
            let armed = AtomicBool::new(true);
            let doomed = Arc::new(AtomicUsize::new(usize::MAX));
            let ending = Arc::clone(&doomed);
            let plan = Plan::new(move |seat, item: usize| {
                if item == 50 && armed.swap(false, Ordering::SeqCst) {
                    doomed.store(seat.serial, Ordering::SeqCst);
                    panic!("the first panic");
                }
                Ok(item)
            })
            .end(move |seat| {
                assert_ne!(seat.serial, ending.load(Ordering::SeqCst), "the second panic");
                Ok(())
            });
            let books = plan.books();
            let mut runner = JobRunner::<_, _, true>::new(workers, plan)
                .options(Options::new().on_error(OnError::skip(1)));
            assert_eq!(runner.run(0..100).expect("one panic is tolerated").len(), 99);
            assert_accounts(runner.report());
            assert_eq!(runner.run(0..100).expect("nothing fails").len(), 100);
            let error = runner.close().expect_err("an earlier producer_end panicked");
            assert_eq!((error.kind(), error.hook()), (ErrorKind::End, Some("producer_end")));
            assert!(error.is_panic() && error.to_string().contains("the second panic"), "{error}");
            books.assert_all_ended();
            runner.close().expect("it is told once");
        });
    }
}

#[test]
fn a_state_that_cannot_be_made_anew_ends_the_run_and_the_next_run_tries_again() {
    for workers in [1, 2, 8] {
        watched(format!("{workers} workers"), move || {
            let made = AtomicUsize::new(0);
            let plan = Plan::new(|_, item: usize| {
                assert!(item != 10, "ten");
                Ok(item)
            })
            .init(move |_| {
                if made.fetch_add(1, Ordering::SeqCst) == workers {
                    return Refused::result("not again");
                }
                Ok(())
            });
            let books = plan.books();
            let mut runner = JobRunner::<_, _, true>::new(workers, plan)
                .options(Options::new().on_error(OnError::skip(usize::MAX)).chunk(Chunk::Exactly(1)));
            // Endless, so that the worker that lost its state is due for another item.
            let error = runner.run(0..).expect_err("producer_init fails the second time");
            assert_eq!((error.kind(), error.hook()), (ErrorKind::Init, Some("producer_init")));
            assert!(error.worker().is_some() && error.device().is_some(), "{error}");
            assert_accounts(runner.report());
            assert_eq!(runner.run(100..200).expect("nothing fails").len(), 100);
            runner.close().expect("nothing fails");
            books.assert_all_ended();
        });
    }
}

#[test]
fn producer_init_failing_on_one_of_several_devices_names_it_and_ends_the_others() {
    for panics in [true, false] {
        watched(format!("panics: {panics}"), move || {
            let broken = Arc::new(AtomicBool::new(true));
            let still_broken = Arc::clone(&broken);
            let plan = identity().init(move |worker| {
                if *worker.device() == Device::Cuda(1) && still_broken.load(Ordering::SeqCst) {
                    assert!(!panics, "no such device");
                    return Refused::result("no such device");
                }
                Ok(())
            });
            let books = plan.books();
            let mut runner = JobRunner::<_, _, true>::new(["cuda:0", "cuda:1", "cpu"], plan);
            for _ in 0..2 {
                let error = runner.start().expect_err("one device is broken");
                assert_eq!((error.kind(), error.hook()), (ErrorKind::Init, Some("producer_init")));
                assert_eq!((error.device(), error.worker()), (Some(&Device::Cuda(1)), Some(1)));
                assert!(error.to_string().contains("cuda:1"), "{error}");
                assert_eq!(error.is_panic(), panics);
                assert!(!runner.is_active());
                books.assert_all_ended();
            }
            assert_eq!(books.made(), 4, "the two good devices, twice");
            broken.store(false, Ordering::SeqCst);
            assert_eq!(runner.run(0..10).expect("the device is back").len(), 10);
            runner.close().expect("nothing fails");
            books.assert_all_ended();
        });
    }
}

#[test]
fn producer_hooks_run_on_their_workers_own_thread_which_is_named_after_it() {
    watched("threads of three workers", || {
        let seen: Arc<Mutex<BTreeMap<usize, BTreeSet<String>>>> = Arc::default();
        let threads: Arc<Mutex<BTreeMap<usize, Vec<ThreadId>>>> = Arc::default();
        let log = {
            let (seen, threads) = (Arc::clone(&seen), Arc::clone(&threads));
            move |worker: &Worker| {
                let this = thread::current();
                let name = this.name().expect("worker threads have names").to_owned();
                lock(&seen).entry(worker.index()).or_default().insert(name);
                lock(&threads).entry(worker.index()).or_default().push(this.id());
            }
        };
        let (init, work, end) = (log.clone(), log.clone(), log);
        let plan = Plan::new(move |seat, item: usize| {
            work(&seat.worker);
            Ok(item)
        })
        .init(move |worker| {
            init(worker);
            Ok(())
        })
        .end(move |seat| {
            end(&seat.worker);
            Ok(())
        });
        let books = plan.books();
        let mut runner = JobRunner::<_, _, false>::new("cuda:1, cpu, cuda:1", plan);
        for _ in 0..3 {
            runner.run(0..100).expect("nothing fails");
        }
        runner.close().expect("nothing fails");
        books.assert_all_ended();
        let names: Vec<_> =
            lock(&seen).values().map(|names| names.iter().cloned().collect::<Vec<_>>()).collect();
        assert_eq!(names, [["job/cuda:1/0"], ["job/cuda:1/1"], ["job/cpu/0"]]);
        let mut ids = BTreeSet::new();
        for threads in lock(&threads).values() {
            assert!(threads.iter().all(|&id| id == threads[0]), "one thread for all hooks of a worker");
            assert!(threads[0] != thread::current().id(), "not the caller's");
            ids.insert(format!("{:?}", threads[0]));
        }
        assert_eq!(ids.len(), 3, "each worker its own");
    });
}

#[test]
fn consumer_hooks_run_on_the_callers_thread() {
    watched("three consumer hooks", || {
        let caller = thread::current().id();
        let on_caller = move || {
            assert_eq!(thread::current().id(), caller);
            Ok(())
        };
        let plan = identity()
            .begin(on_caller)
            .consume(move |_, _| on_caller().map(ControlFlow::Continue))
            .finish(move |_| on_caller());
        let mut runner = JobRunner::<_, _, true>::new(2, plan);
        for _ in 0..2 {
            runner.run(0..100).expect("every hook is where it belongs");
        }
    });
}

/// A connection that, like many, must stay on its thread.
#[parallel_runner]
impl Counting {
    fn producer_init() -> Rc<RefCell<usize>> {
        Rc::default()
    }

    fn producer_work(count: &mut Rc<RefCell<usize>>, item: usize) -> (usize, usize) {
        *count.borrow_mut() += 1;
        (item, *count.borrow())
    }
}

#[test]
fn a_producer_state_may_hold_an_rc_and_stays_warm() {
    watched("Rc", || {
        let mut counting = Counting::new(1);
        assert_eq!(counting.run([7, 8]).expect("nothing fails"), [(7, 1), (8, 2)]);
        assert_eq!(counting.run([9]).expect("nothing fails"), [(9, 3)]);
        counting.close().expect("nothing fails");
        assert_eq!(counting.run([9]).expect("nothing fails"), [(9, 1)], "a new state after close");
    });
}

/// Tells the book when it is dropped without having been ended.
struct Dropped(Rc<()>, Arc<Mutex<Vec<ThreadId>>>, ThreadId);

impl Drop for Dropped {
    fn drop(&mut self) {
        assert_eq!(self.2, thread::current().id(), "dropped on its own thread");
        lock(&self.1).push(self.2);
    }
}

type Drops = Arc<Mutex<Vec<ThreadId>>>;

#[parallel_runner(config = Drops)]
impl Unended {
    fn producer_init(_device: &Device, drops: &Drops) -> Dropped {
        Dropped(Rc::new(()), Arc::clone(drops), thread::current().id())
    }

    fn producer_work(state: &mut Dropped, item: usize) -> usize {
        item + Rc::strong_count(&state.0)
    }
}

#[test]
fn without_producer_end_the_state_is_dropped_on_its_thread_by_close() {
    watched("two workers", || {
        let drops = Drops::default();
        let mut runner = Unended::new(2, Arc::clone(&drops));
        assert_eq!(runner.run(0..3).expect("nothing fails"), [1, 2, 3]);
        assert_eq!(lock(&drops).len(), 0);
        runner.close().expect("no drop panics");
        assert_eq!(lock(&drops).iter().map(|id| format!("{id:?}")).collect::<BTreeSet<_>>().len(), 2);
    });
}

#[test]
fn consumer_end_does_not_run_after_an_error_and_the_consumer_state_is_dropped() {
    watched("a consumer state that counts", || {
        let alive = Arc::new(());
        let finished = Arc::new(AtomicBool::new(false));
        let plan = {
            let (alive, finished) = (Arc::clone(&alive), Arc::clone(&finished));
            Plan::new(
                move |_, item: usize| {
                    if item == 50 { Refused::result("fifty") } else { Ok(Arc::clone(&alive)) }
                },
            )
            .finish(move |_| {
                finished.store(true, Ordering::SeqCst);
                Ok(())
            })
        };
        let mut runner = JobRunner::<_, _, true>::new(2, plan);
        runner.run(0..100).expect_err("item 50 fails");
        assert!(!finished.load(Ordering::SeqCst));
        assert_eq!(Arc::strong_count(&alive), 2, "only the test and the plan hold it");
        runner.run(51..100).expect("nothing fails");
        assert!(finished.load(Ordering::SeqCst));
    });
}

#[test]
fn a_runner_moves_to_another_thread_and_shows_itself() {
    watched("moved", || {
        let plan = identity();
        let books: Arc<Books> = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(2, plan);
        runner.run(0..10).expect("nothing fails");
        let shown = format!("{runner:?}");
        assert!(shown.contains("job"), "{shown}");
        let mut runner = thread::spawn(move || {
            assert_eq!(runner.run(0..10).expect("nothing fails").len(), 10);
            runner
        })
        .join()
        .expect("the run on another thread works");
        assert_eq!(runner.run(0..10).expect("nothing fails").len(), 10);
        assert_eq!(books.made(), 2, "the workers came along");
        runner.close().expect("nothing fails");
        books.assert_all_ended();
    });
}

#[test]
fn the_methods_of_a_canceller_leave_the_states_alone() {
    watched("cancelled between runs", || {
        let plan = identity();
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(2, plan);
        runner.start().expect("nothing fails");
        let canceller: Canceller = runner.canceller();
        canceller.cancel();
        assert_eq!(books.living(), 2);
        assert_eq!(runner.run(0..10).expect("the run began after the cancel").len(), 10);
    });
}

#[test]
fn run_into_and_stream_leave_out_the_hooks_that_they_stand_for() {
    watched("consumer hooks that panic", || {
        let plan = identity().begin(|| panic!("consumer_init")).finish(|_| panic!("consumer_end"));
        let mut runner = JobRunner::<_, _, true>::new(2, plan);
        let mut outputs = vec![7];
        runner.run_into(&mut outputs, 0..3).expect("neither is called");
        assert_eq!(outputs, [7, 0, 1, 2], "the caller's state goes on");
        let plan = identity()
            .begin(|| panic!("consumer_init"))
            .consume(|_, _| panic!("consumer_work"))
            .finish(|_| panic!("consumer_end"));
        let mut runner = JobRunner::<_, _, true>::new(2, plan);
        assert_eq!(runner.stream(0..3).map(|output| output.expect("none is called")).sum::<usize>(), 3);
    });
}

#[test]
fn of_many_workers_that_fail_to_start_or_to_end_the_first_is_named() {
    watched("three devices that fail", || {
        let starts = Arc::new(AtomicBool::new(false));
        let starting = Arc::clone(&starts);
        let plan = identity()
            .init(move |_| if starting.load(Ordering::SeqCst) { Ok(()) } else { Refused::result("no start") })
            .end(|_| Refused::result("no end"));
        let mut runner = JobRunner::<_, _, true>::new("cuda:2, cuda:1, cuda:0", plan);
        let error = runner.start().expect_err("none can start");
        assert_eq!((error.worker(), error.device()), (Some(0), Some(&Device::Cuda(2))));
        starts.store(true, Ordering::SeqCst);
        runner.start().expect("all can start");
        let error = runner.close().expect_err("none can end");
        assert_eq!((error.worker(), error.device()), (Some(0), Some(&Device::Cuda(2))));
    });
}
