//! Streams: outputs as an iterator, and a run that is stopped whenever its stream is gone.

use std::error::Error as _;
use std::iter::FusedIterator;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use easycore::{Error, ErrorKind, OnError, Options, Stream, parallel_runner};
use easycore_tests::{Books, JobRunner, PATIENCE, Plan, Refused, assert_accounts, identity, watched};

const WORKERS: [usize; 3] = [1, 2, 8];

fn for_each_worker_count(check: fn(usize)) {
    for workers in WORKERS {
        watched(format!("{workers} workers"), move || check(workers));
    }
}

fn all_ok(stream: Stream<'_, usize>) -> Vec<usize> {
    stream.map(|output| output.expect("nothing fails")).collect()
}

#[test]
fn a_stream_yields_every_output_in_order_and_leaves_a_report() {
    for_each_worker_count(|workers| {
        let plan = Plan::new(|_, item: usize| Ok(2 * item));
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(workers, plan);
        for _ in 0..3 {
            assert!(all_ok(runner.stream(0..5_000)).into_iter().eq((0..5_000).map(|item| 2 * item)));
            let report = runner.report().expect("there was a run");
            assert_eq!((report.pulled(), report.consumed()), (5_000, 5_000));
            assert_eq!(report.workers().len(), workers);
            assert_accounts(Some(report));
        }
        assert_eq!(books.made(), workers, "the workers stay warm");
        assert_eq!(runner.run(0..10).expect("nothing fails").len(), 10);
        drop(runner);
        books.assert_all_ended();
    });
}

#[test]
fn an_unordered_stream_yields_every_output() {
    for_each_worker_count(|workers| {
        let mut runner = JobRunner::<_, _, false>::new(workers, identity());
        let mut outputs = all_ok(runner.stream(0..5_000));
        outputs.sort_unstable();
        assert!(outputs.into_iter().eq(0..5_000));
        assert_accounts(runner.report());
    });
}

#[test]
fn a_stream_of_nothing_ends_at_once() {
    for_each_worker_count(|workers| {
        let mut runner = JobRunner::<_, _, true>::new(workers, identity());
        assert!(runner.stream([]).next().is_none());
        assert_eq!(runner.report().map(easycore::Report::pulled), Some(0));
    });
}

#[test]
fn a_stream_is_send_and_fused() {
    fn assert_send_and_fused<T: Send + FusedIterator>(_: &T) {}
    for_each_worker_count(|workers| {
        let mut runner = JobRunner::<_, _, true>::new(workers, identity());
        let mut stream = runner.stream(0..100);
        assert_send_and_fused(&stream);
        thread::scope(|scope| {
            let other = scope.spawn(move || {
                for item in 0..100 {
                    assert_eq!(stream.next().expect("more to come").expect("nothing fails"), item);
                }
                for _ in 0..3 {
                    assert!(stream.next().is_none(), "it stays ended");
                }
            });
            other.join().expect("a stream can be pulled on another thread");
        });
        assert_eq!(runner.report().map(easycore::Report::consumed), Some(100));
    });
}

#[test]
fn an_error_is_the_last_of_an_ordered_stream_after_everything_before_it() {
    for_each_worker_count(|workers| {
        for failing in [0, 150, 299] {
            for panics in [true, false] {
                let plan = Plan::new(move |_, item: usize| {
                    assert!(!panics || item != failing, "as planned");
                    if item == failing { Refused::result("as planned") } else { Ok(item) }
                });
                let books = plan.books();
                let mut runner = JobRunner::<_, _, true>::new(workers, plan);
                let mut stream = runner.stream(0..300);
                for item in 0..failing {
                    assert_eq!(stream.next().expect("more to come").expect("not yet"), item);
                }
                let error = stream.next().expect("the error comes").expect_err("it is an error");
                assert_eq!((error.kind(), error.item()), (ErrorKind::Work, Some(failing)));
                assert_eq!(error.is_panic(), panics);
                for _ in 0..3 {
                    assert!(stream.next().is_none(), "nothing comes after the error");
                }
                drop(stream);
                let report = runner.report().expect("there was a run");
                assert_eq!((report.consumed(), report.failed()), (failing, 1));
                assert_accounts(Some(report));
                assert_eq!(runner.run(300..310).expect("nothing fails").len(), 10);
                drop(runner);
                books.assert_all_ended();
            }
        }
    });
}

#[test]
fn a_panic_of_the_input_is_the_last_of_a_stream() {
    for_each_worker_count(|workers| {
        let mut runner = JobRunner::<_, _, true>::new(workers, identity());
        let input = (0..100).inspect(|&item| assert!(item != 50, "no fifty"));
        let outputs: Vec<_> = runner.stream(input).collect();
        assert_eq!(outputs.len(), 51);
        let error = outputs.into_iter().last().expect("51 of them").expect_err("the input panics");
        assert_eq!((error.kind(), error.is_panic(), error.item()), (ErrorKind::Input, true, Some(50)));
        assert_accounts(runner.report());
    });
}

#[test]
fn what_prevents_the_start_is_the_only_item_of_a_stream() {
    for_each_worker_count(|workers| {
        let plan = identity().init(|_| Refused::result("no"));
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(workers, plan);
        let mut stream = runner.stream(0..10);
        let error = stream.next().expect("one item").expect_err("it cannot start");
        assert_eq!(error.kind(), ErrorKind::Init);
        assert!(stream.next().is_none() && stream.next().is_none());
        drop(stream);
        books.assert_all_ended();

        let mut runner = JobRunner::<_, _, true>::new("gpu", identity());
        let outcomes: Vec<_> =
            runner.stream(0..10).map(|outcome| outcome.map_err(|error| error.kind())).collect();
        assert_eq!(outcomes, [Err(ErrorKind::Devices)]);
    });
}

#[test]
fn a_stream_skips_what_the_policy_allows() {
    for_each_worker_count(|workers| {
        let plan = Plan::new(
            |_, item: usize| if item.is_multiple_of(3) { Refused::result("three") } else { Ok(item) },
        );
        let mut runner =
            JobRunner::<_, _, true>::new(workers, plan).options(Options::new().on_error(OnError::skip(100)));
        assert!(all_ok(runner.stream(0..300)).into_iter().eq((0..300).filter(|item| item % 3 != 0)));
        let report = runner.report().expect("there was a run");
        assert_eq!((report.skipped(), report.consumed()), (100, 200));
        assert_accounts(Some(report));
    });
}

/// A source that notes when it is dropped.
struct Noted<I>(I, Arc<AtomicBool>);

impl<I: Iterator> Iterator for Noted<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.0.next()
    }
}

impl<I> Drop for Noted<I> {
    fn drop(&mut self) {
        self.1.store(true, Ordering::SeqCst);
    }
}

#[test]
fn dropping_a_stream_in_the_middle_cancels_its_run_and_drops_its_input() {
    for_each_worker_count(|workers| {
        for taken in [0, 1, 1_000] {
            let plan = identity();
            let books = plan.books();
            let mut runner = JobRunner::<_, _, true>::new(workers, plan);
            let gone = Arc::new(AtomicBool::new(false));
            let mut stream = runner.stream(Noted(0.., Arc::clone(&gone)));
            for item in 0..taken {
                assert_eq!(stream.next().expect("endless").expect("nothing fails"), item);
            }
            drop(stream);
            assert!(gone.load(Ordering::SeqCst), "the input is dropped");
            let report = runner.report().expect("there was a run");
            assert_eq!((report.consumed(), report.failed()), (taken, 0));
            assert_accounts(Some(report));
            assert_eq!(runner.run(0..10).expect("the next run is not cancelled").len(), 10);
            drop(runner);
            books.assert_all_ended();
        }
    });
}

#[test]
fn a_stream_is_cancelled_and_drained_like_a_run() {
    for_each_worker_count(|workers| {
        let mut runner = JobRunner::<_, _, true>::new(workers, identity());
        let canceller = runner.canceller();
        let mut stream = runner.stream(0..);
        stream.next().expect("endless").expect("nothing fails");
        canceller.cancel();
        let error = stream.next().expect("the error comes").expect_err("it is cancelled");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert!(stream.next().is_none());
        drop(stream);
        assert_accounts(runner.report());

        let mut stream = runner.stream(0..);
        stream.next().expect("endless").expect("nothing fails");
        canceller.drain();
        let rest = all_ok(stream).len();
        let report = runner.report().expect("there was a run");
        assert_eq!((report.pulled(), report.consumed()), (rest + 1, rest + 1));
    });
}

/// Leaks a stream whose workers are busy for as long as they may be, and returns how many items its source has yielded
/// so far, as a counter that goes on.
fn leak(runner: &mut JobRunner<usize, usize, true>) -> Arc<AtomicUsize> {
    let pulled = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&pulled);
    let (far, wait) = mpsc::channel();
    let mut stream = runner.stream((0..).inspect(move |&item| {
        counting.fetch_add(1, Ordering::SeqCst);
        if item == 5 {
            // Nobody waits any more if the source is that far already.
            let _ = far.send(());
        }
    }));
    stream.next().expect("endless").expect("nothing fails");
    wait.recv_timeout(PATIENCE).expect("the workers work ahead");
    mem::forget(stream);
    pulled
}

/// What a leaked stream is stopped by: it has come to rest when the call returns.
fn leaked_stream_is_stopped_by(
    workers: usize,
    use_runner: impl FnOnce(JobRunner<usize, usize, true>) -> Option<JobRunner<usize, usize, true>>,
) {
    let plan = identity();
    let books: Arc<Books> = plan.books();
    let mut runner = JobRunner::<_, _, true>::new(workers, plan).options(Options::new().window(100));
    let pulled = leak(&mut runner);
    let runner = use_runner(runner);
    let at_rest = pulled.load(Ordering::SeqCst);
    for _ in 0..50 {
        thread::yield_now();
    }
    assert_eq!(pulled.load(Ordering::SeqCst), at_rest, "its source is left alone");
    drop(runner);
    books.assert_all_ended();
}

#[test]
fn a_leaked_stream_is_stopped_by_the_next_run() {
    for_each_worker_count(|workers| {
        leaked_stream_is_stopped_by(workers, |mut runner| {
            assert_eq!(runner.run(0..10).expect("the leaked run does not disturb it").len(), 10);
            assert_eq!(runner.report().map(easycore::Report::pulled), Some(10));
            Some(runner)
        });
    });
}

#[test]
fn a_leaked_stream_is_stopped_by_the_next_stream() {
    for_each_worker_count(|workers| {
        leaked_stream_is_stopped_by(workers, |mut runner| {
            assert_eq!(all_ok(runner.stream(0..10)).len(), 10);
            leak(&mut runner);
            assert_eq!(all_ok(runner.stream(0..10)).len(), 10);
            Some(runner)
        });
    });
}

#[test]
fn a_leaked_stream_is_stopped_by_start() {
    for_each_worker_count(|workers| {
        leaked_stream_is_stopped_by(workers, |mut runner| {
            runner.start().expect("the workers are there");
            Some(runner)
        });
    });
}

#[test]
fn a_leaked_stream_is_stopped_by_close() {
    for_each_worker_count(|workers| {
        leaked_stream_is_stopped_by(workers, |mut runner| {
            runner.close().expect("nothing fails");
            Some(runner)
        });
    });
}

#[test]
fn a_leaked_stream_is_stopped_by_drop() {
    for_each_worker_count(|workers| {
        leaked_stream_is_stopped_by(workers, |runner| {
            drop(runner);
            None
        });
    });
}

#[parallel_runner]
impl Parse {
    fn producer_work(text: String) -> Result<u64, std::num::ParseIntError> {
        text.parse()
    }
}

#[parallel_runner]
impl Square {
    fn producer_work(number: u64) -> u64 {
        number * number
    }
}

#[test]
fn streams_chain_through_try_run() {
    for_each_worker_count(|workers| {
        let (mut parse, mut square) = (Parse::new(workers), Square::new(workers));
        let texts = (0..1_000).map(|number: u64| number.to_string());
        let squares = square.try_run(parse.stream(texts)).expect("all are numbers");
        assert!(squares.into_iter().eq((0..1_000).map(|number| number * number)));
        for report in [parse.report(), square.report()] {
            assert_eq!(report.map(easycore::Report::consumed), Some(1_000));
            assert_accounts(report);
        }
    });
}

#[test]
fn an_error_of_the_first_stage_is_an_input_error_of_the_second_with_both_accounts_right() {
    for_each_worker_count(|workers| {
        let (mut parse, mut square) = (Parse::new(workers), Square::new(workers));
        let texts =
            (0..1_000).map(|number: u64| if number == 700 { "?".to_owned() } else { number.to_string() });
        let error = square.try_run(parse.stream(texts)).expect_err("one is no number");
        assert_eq!((error.kind(), error.item()), (ErrorKind::Input, Some(700)));
        let cause =
            error.source().and_then(|source| source.downcast_ref::<Error>()).expect("an error of a stage");
        assert_eq!((cause.kind(), cause.item()), (ErrorKind::Work, Some(700)));
        assert!(cause.source().expect("an error of the hook").is::<std::num::ParseIntError>());
        assert_accounts(parse.report());
        assert_accounts(square.report());
        assert_eq!(square.report().map(easycore::Report::consumed), Some(700));
        assert_eq!(parse.run(["5".to_owned()]).expect("a number"), [5]);
        assert_eq!(square.run([5]).expect("nothing fails"), [25]);
    });
}

#[parallel_runner]
impl FirstThree {
    fn producer_work(number: u64) -> u64 {
        number
    }
    fn consumer_init() -> Vec<u64> {
        Vec::new()
    }
    fn consumer_work(numbers: &mut Vec<u64>, number: u64) -> std::ops::ControlFlow<()> {
        numbers.push(number);
        if numbers.len() < 3 { std::ops::ControlFlow::Continue(()) } else { std::ops::ControlFlow::Break(()) }
    }
}

/// All numbers, as texts.
fn endless() -> impl Iterator<Item = String> + Send + 'static {
    (0..).map(|number: u64| number.to_string())
}

#[test]
fn breaking_the_second_stage_ends_the_first() {
    for_each_worker_count(|workers| {
        let (mut parse, mut first) = (Parse::new(workers), FirstThree::new(workers));
        assert_eq!(first.try_run(parse.stream(endless())).expect("it breaks"), [0, 1, 2]);
        assert_accounts(parse.report());
        assert_accounts(first.report());
    });
}

#[test]
fn breaking_the_last_of_three_stages_with_channels_between_them_ends_the_others() {
    fn send_on(outputs: Stream<'_, u64>, next: &mpsc::SyncSender<u64>) -> Result<(), Error> {
        for output in outputs {
            if next.send(output?).is_err() {
                break;
            }
        }
        Ok(())
    }
    for_each_worker_count(|workers| {
        let ((numbers, to_square), (squares, to_take)) = (mpsc::sync_channel(8), mpsc::sync_channel(8));
        let (mut parse, mut square) = (Parse::new(workers), Square::new(workers));
        thread::scope(|scope| {
            scope.spawn(|| send_on(parse.stream(endless()), &{ numbers }).expect("all are numbers"));
            scope.spawn(|| send_on(square.stream(to_square), &{ squares }).expect("nothing fails"));
            assert_eq!(FirstThree::new(workers).run(to_take).expect("it breaks"), [0, 1, 4]);
        });
        assert_accounts(parse.report());
        assert_accounts(square.report());
    });
}

/// What ends the first stage, and of what kind its error is.
type Ends = (&'static str, fn(&mut Parse) -> Stream<'_, u64>, ErrorKind);

const ENDS: [Ends; 5] = [
    ("an item", |parse| parse.stream(endless().map(|text| text.replace("70", "?"))), ErrorKind::Work),
    ("the input", |parse| parse.stream(endless().inspect(|text| assert_ne!(text, "70"))), ErrorKind::Input),
    (
        "a cancel",
        |parse| {
            let canceller = parse.canceller();
            parse.stream(endless().inspect(move |text| {
                if text == "70" {
                    canceller.cancel();
                }
            }))
        },
        ErrorKind::Cancelled,
    ),
    (
        "its devices",
        |parse| {
            *parse = Parse::new("gpu");
            parse.stream(endless())
        },
        ErrorKind::Devices,
    ),
    (
        "its options",
        |parse| {
            *parse = Parse::new(1).options(Options::new().window(0));
            parse.stream(endless())
        },
        ErrorKind::Options,
    ),
];

/// An error of a user's that has another as its source.
#[derive(Debug)]
struct Wrapped(Error);

impl std::fmt::Display for Wrapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("wrapped")
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn what_ends_the_first_stage_ends_the_second_however_much_that_one_skips() {
    for (name, begin, kind) in ENDS {
        for (workers, wrapped) in [(1, false), (2, false), (8, false), (2, true)] {
            watched(format!("{name}, {workers} workers, wrapped: {wrapped}"), move || {
                for policy in [OnError::skip(100), OnError::skip_rate(1.0, 0)] {
                    let (mut parse, mut square) = (Parse::new(workers), Square::new(workers));
                    square = square.options(Options::new().on_error(policy));
                    let numbers = begin(&mut parse);
                    let error = if wrapped {
                        square.try_run(numbers.map(|number| number.map_err(Wrapped)))
                    } else {
                        square.try_run(numbers)
                    }
                    .expect_err("the first stage has failed");
                    assert_eq!(error.kind(), ErrorKind::Input);
                    let mut cause = error.source().expect("the stream's");
                    if let Some(Wrapped(inner)) = cause.downcast_ref() {
                        cause = inner;
                    }
                    assert_eq!(cause.downcast_ref().map(Error::kind), Some(kind));
                    assert!(!error.to_string().contains("tolerates"), "{error}");
                    let report = square.report().expect("there was a run");
                    assert_eq!((report.skipped(), report.failed()), (0, 1));
                    assert_accounts(Some(report));
                }
            });
        }
    }
}

#[test]
fn what_a_stage_skips_and_an_error_that_ends_no_stream_do_not_end_the_next() {
    for_each_worker_count(|workers| {
        let skip = || Options::new().on_error(OnError::skip(1));
        let texts = || endless().take(100).map(|text| if text == "70" { "?".to_owned() } else { text });
        let (mut parse, mut square) = (Parse::new(workers).options(skip()), Square::new(workers));
        assert_eq!(square.try_run(parse.stream(texts())).expect("it is skipped").len(), 99);

        // Each number by a run of its own, whose error is one item's.
        let numbers = texts().map(|text| Parse::new(1).run([text]).map(|numbers| numbers[0]));
        assert_eq!(square.options(skip()).try_run(numbers).expect("it is skipped").len(), 99);
    });
}

/// What may be done to a runner whose stream was leaked.
type Use = fn(&mut JobRunner<usize, usize, true>);

#[test]
fn a_leaked_stream_is_awaited_by_whatever_uses_the_runner_next() {
    let uses: [(&str, Use); 4] = [
        ("start", |runner| runner.start().expect("nothing fails")),
        ("run", |runner| drop(runner.run([]).expect("nothing fails"))),
        ("stream", |runner| drop(runner.stream([]))),
        ("close", |runner| runner.close().expect("nothing fails")),
    ];
    for (name, use_runner) in uses {
        for workers in WORKERS {
            watched(format!("{name}, {workers} workers"), move || {
                let (started, start) = mpsc::channel();
                let at_work = Arc::new(AtomicUsize::new(0));
                let gauge = Arc::clone(&at_work);
                let plan = Plan::new(move |seat, item: usize| {
                    if item == 0 {
                        gauge.fetch_add(1, Ordering::SeqCst);
                        started.send(())?;
                        while !seat.worker.is_cancelled() {
                            thread::yield_now();
                        }
                        // Whoever does not wait has every chance to come back too early.
                        (0..50).for_each(|_| thread::yield_now());
                        gauge.fetch_sub(1, Ordering::SeqCst);
                    }
                    Ok(item)
                });
                let books = plan.books();
                let mut runner = JobRunner::<_, _, true>::new(workers, plan);
                mem::forget(runner.stream(0..));
                start.recv_timeout(PATIENCE).expect("item 0 is worked");
                use_runner(&mut runner);
                let is_of_the_leaked_one = runner.report().is_some_and(|report| report.pulled() > 0);
                assert!(!is_of_the_leaked_one, "nobody has the account of its outputs");
                assert_eq!(runner.report().is_none(), matches!(name, "start" | "close"));
                assert_eq!(at_work.load(Ordering::SeqCst), 0, "the worker has come to rest");
                drop(runner);
                books.assert_all_ended();
            });
        }
    }
}
