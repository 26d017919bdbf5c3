//! Nesting: runners inside hooks, inside rayon, beside each other, and rayon inside hooks. User code is never called
//! under a lock, so that whatever it calls comes back.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use easycore::{Canceller, Chunk, Options, parallel_runner};
use easycore_tests::{Books, JobRunner, Plan, assert_accounts, identity, lock, watched};
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

#[parallel_runner(unordered)]
impl SumOfSquares {
    fn producer_work(number: u64) -> u64 {
        number * number
    }
    fn consumer_init() -> u64 {
        0
    }
    fn consumer_work(sum: &mut u64, square: u64) {
        *sum += square;
    }
}

fn sum_of_squares() -> u64 {
    let mut runner = SumOfSquares::new(2);
    let sum = runner.run(0..100).expect("nothing fails");
    assert_eq!(runner.stream(0..100).map(|square| square.expect("nothing fails")).sum::<u64>(), sum);
    runner.close().expect("nothing fails");
    sum
}

fn runner_inside_hooks<const ORDERED: bool>(workers: usize) {
    watched(format!("ordered: {ORDERED}, {workers} workers"), move || {
        let plan = Plan::new(|_, _: usize| Ok(sum_of_squares()))
            .init(|_| {
                assert_eq!(sum_of_squares(), 328_350);
                Ok(())
            })
            .end(|_| {
                assert_eq!(sum_of_squares(), 328_350);
                Ok(())
            })
            .begin(|| {
                assert_eq!(sum_of_squares(), 328_350);
                Ok(())
            })
            .consume(|sums, sum| {
                assert_eq!(sum, sum_of_squares());
                sums.push(sum);
                Ok(ControlFlow::Continue(()))
            })
            .finish(|_| {
                assert_eq!(sum_of_squares(), 328_350);
                Ok(())
            });
        let books = plan.books();
        let mut runner = JobRunner::<_, _, ORDERED>::new(workers, plan);
        let input = (0..10).inspect(|_| assert_eq!(sum_of_squares(), 328_350));
        assert_eq!(runner.run(input).expect("nothing fails"), [328_350; 10]);
        runner.close().expect("nothing fails");
        books.assert_all_ended();
    });
}

#[test]
fn a_runner_runs_inside_every_hook_and_the_input_of_another() {
    for workers in [1, 2, 8] {
        runner_inside_hooks::<true>(workers);
        runner_inside_hooks::<false>(workers);
    }
}

#[test]
fn a_warm_runner_in_a_producer_state_serves_the_items_of_another() {
    #[parallel_runner]
    impl Outer {
        fn producer_init() -> SumOfSquares {
            SumOfSquares::new(2)
        }
        fn producer_work(inner: &mut SumOfSquares, limit: u64) -> Result<u64, easycore::Error> {
            inner.run(0..limit)
        }
        fn producer_end(mut inner: SumOfSquares) -> Result<(), easycore::Error> {
            inner.close()
        }
    }
    watched("runner as state", || {
        let mut outer = Outer::new(3);
        assert_eq!(outer.run([100; 30]).expect("nothing fails"), [328_350; 30]);
        outer.close().expect("nothing fails");
    });
}

#[test]
fn a_runner_runs_inside_a_rayon_task_on_every_thread_of_the_global_pool() {
    watched("rayon::broadcast", || {
        assert!(rayon::broadcast(|_| sum_of_squares()).into_iter().all(|sum| sum == 328_350));
    });
    watched("par_iter", || {
        let tasks = 8 * rayon::current_num_threads();
        assert!((0..tasks).into_par_iter().map(|_| sum_of_squares()).all(|sum| sum == 328_350));
    });
    watched("one runner moved from task to task", || {
        let runner = Mutex::new(SumOfSquares::new(2));
        (0..40).into_par_iter().for_each(|_| {
            // Were another of these tasks run inside `run`, it would wait here for ever.
            assert_eq!(lock(&runner).run(0..100).expect("nothing fails"), 328_350);
        });
    });
}

#[test]
fn a_runner_runs_on_the_only_thread_of_a_rayon_pool() {
    watched("a pool of one", || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be started");
        assert_eq!(pool.install(sum_of_squares), 328_350);
    });
}

#[test]
fn a_panic_of_a_consumer_unwinds_through_a_rayon_task() {
    watched("inside install", || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread can be started");
        let plan = identity().consume(|_, output| {
            assert_ne!(output, 50, "fifty");
            Ok(ControlFlow::Continue(()))
        });
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(2, plan);
        let outcome =
            pool.install(|| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runner.run(0..100))));
        assert!(outcome.is_err());
        assert_accounts(runner.report());
        pool.install(|| runner.run(100..110)).expect("nothing fails");
        drop(runner);
        books.assert_all_ended();
    });
}

#[test]
fn hooks_may_use_rayon() {
    for workers in [1, 2, 8] {
        watched(format!("{workers} workers"), move || {
            let sum = || (0..1_000_u64).into_par_iter().map(|number| number % 7).sum::<u64>();
            let plan = Plan::new(move |_, item: usize| {
                let numbers: Vec<_> = (0..500).map(|number| number + item).collect();
                let (one, other) = rayon::join(|| numbers.par_iter().sum::<usize>(), sum);
                assert_eq!(other, 2_997);
                Ok(one)
            })
            .init(move |_| {
                assert_eq!(sum(), 2_997);
                Ok(())
            })
            .end(move |_| {
                assert_eq!(sum(), 2_997);
                Ok(())
            })
            .consume(move |outputs, output| {
                assert_eq!(sum(), 2_997);
                outputs.push(output);
                Ok(ControlFlow::Continue(()))
            });
            let books = plan.books();
            let mut runner = JobRunner::<_, _, true>::new(workers, plan);
            let input = (0..200).inspect(|_| assert_eq!(sum(), 2_997));
            let outputs = runner.run(input).expect("nothing fails");
            assert!(outputs.into_iter().eq((0..200).map(|item| 500 * item + 124_750)));
            runner.close().expect("nothing fails");
            books.assert_all_ended();
        });
    }
}

#[test]
fn a_hook_may_install_a_pool_of_its_own() {
    watched("install", || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads can be started");
        let plan = Plan::new(move |_, item: usize| {
            Ok(pool.install(|| (0..item).into_par_iter().map(|number| number % 3).sum::<usize>()))
        });
        let outputs = JobRunner::<_, _, true>::new(3, plan).run(0..100).expect("nothing fails");
        assert_eq!(outputs.len(), 100);
    });
}

#[test]
fn a_runner_runs_on_the_blocking_threads_of_tokio() {
    watched("spawn_blocking", || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime can be made");
        runtime.block_on(async {
            let tasks: Vec<_> = (0..10).map(|_| tokio::task::spawn_blocking(sum_of_squares)).collect();
            for task in tasks {
                assert_eq!(task.await.expect("it does not panic"), 328_350);
            }
            let plan = identity().consume(|_, output| {
                assert_ne!(output, 50, "fifty");
                Ok(ControlFlow::Continue(()))
            });
            let mut runner = JobRunner::<_, _, true>::new(2, plan);
            let panicking = tokio::task::spawn_blocking(move || runner.run(0..100).map(drop));
            assert!(panicking.await.expect_err("the consumer panics").is_panic());
        });
    });
}

#[test]
fn runners_on_one_device_keep_their_states_apart() {
    for at_once in [true, false] {
        watched(format!("two runners on cuda:0 and cpu, at once: {at_once}"), move || {
            let [one, other] = [0, 1_000].map(|offset| {
                let plan = Plan::new(move |seat, item: usize| {
                    let own = seat.cargo.get_or_insert_with(|| Box::new(offset)).downcast_ref::<usize>();
                    Ok(item + own.expect("it is an offset"))
                });
                let books = plan.books();
                (JobRunner::<_, _, true>::new("cuda:0, cpu", plan), books, offset)
            });
            let run = |(runner, books, offset): &mut (JobRunner<usize, usize, true>, Arc<Books>, usize)| {
                let offset = *offset;
                assert!(runner.run(0..200).expect("nothing fails").into_iter().eq(offset..offset + 200));
                assert_eq!((books.made(), books.living()), (2, 2), "the states stay warm");
            };
            let (mut one, mut other) = (one, other);
            for _ in 0..10 {
                if at_once {
                    thread::scope(|scope| {
                        scope.spawn(|| run(&mut one));
                        run(&mut other);
                    });
                } else {
                    run(&mut one);
                    run(&mut other);
                }
            }
            drop(one.0);
            one.1.assert_all_ended();
            run(&mut other);
            drop(other.0);
            other.1.assert_all_ended();
        });
    }
}

#[test]
fn two_runners_run_at_once_on_two_threads() {
    watched("two runners", || {
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut runner = JobRunner::<_, _, true>::new(2, identity());
                    for _ in 0..20 {
                        assert!(runner.run(0..1_000).expect("nothing fails").into_iter().eq(0..1_000));
                    }
                });
            }
        });
    });
}

#[test]
fn every_hook_and_the_input_may_ask_and_cancel() {
    for workers in [1, 2] {
        watched(format!("{workers} workers"), move || {
            let canceller = Arc::new(OnceLock::<Canceller>::new());
            let calls = Arc::new(AtomicUsize::new(0));
            // Draining is harmless at the end of the input, and takes the same locks as cancelling.
            let poke = {
                let (canceller, calls) = (Arc::clone(&canceller), Arc::clone(&calls));
                move |last: bool| {
                    let canceller: &Canceller = canceller.get().expect("it is set before the run");
                    if last {
                        canceller.drain();
                    }
                    drop(canceller.clone());
                    calls.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                }
            };
            let (init, work, end) = (poke.clone(), poke.clone(), poke.clone());
            let (begin, consume, finish, next) = (poke.clone(), poke.clone(), poke.clone(), poke);
            let plan = Plan::new(move |seat, item: usize| {
                assert!(!seat.worker.is_cancelled());
                work(item == 99)?;
                Ok(item)
            })
            .init(move |worker| {
                assert!(!worker.is_cancelled());
                init(false)
            })
            .end(move |seat| {
                assert!(!seat.worker.is_cancelled());
                end(true)
            })
            .begin(move || begin(false))
            .consume(move |outputs, output| {
                outputs.push(output);
                consume(output == 99).map(ControlFlow::Continue)
            })
            .finish(move |_| finish(true));
            let mut runner =
                JobRunner::<_, _, true>::new(workers, plan).options(Options::new().chunk(Chunk::Exactly(1)));
            assert!(canceller.set(runner.canceller()).is_ok());
            let input = (0..100).inspect(|&item| next(item == 99).expect("it never fails"));
            assert_eq!(runner.run(input).expect("nothing fails").len(), 100);
            runner.close().expect("nothing fails");
            assert_eq!(calls.load(Ordering::SeqCst), 300 + 2 + 2 * workers);
        });
    }
}

/// Runs a runner when it is dropped: were a lock of the outer run held, nothing would come back.
struct Busy(Canceller);

impl Drop for Busy {
    fn drop(&mut self) {
        assert_eq!(sum_of_squares(), 328_350);
        self.0.drain();
    }
}

#[test]
fn what_is_discarded_is_dropped_under_no_lock() {
    watched("items and outputs that run and drain when they are dropped", || {
        let plan = Plan::new(|_, item: (usize, Busy)| Ok(item)).consume(|_, (index, _)| {
            Ok(if index == 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        });
        let mut runner = JobRunner::<_, _, true>::new(2, plan).options(Options::new().window(40));
        let canceller = runner.canceller();
        runner.run((0..60).map(|item| (item, Busy(canceller.clone())))).expect("it breaks or drains");
        assert_accounts(runner.report());
    });
}
