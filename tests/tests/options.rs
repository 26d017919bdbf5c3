//! Options: every value that makes no sense is an error of the start, and every other one is taken at its word.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use easycore::{Chunk, ErrorKind, OnError, Options, Pinning};
use easycore_tests::{JobRunner, PATIENCE, Plan, assert_accounts, identity, lock, watched};

fn assert_refused(options: Options, words: &'static [&'static str]) {
    watched(format!("{options:?}"), move || {
        let plan = identity();
        let books = plan.books();
        let mut runner = JobRunner::<_, _, true>::new(2, plan).options(options);
        let errors = [
            runner.start().expect_err("it makes no sense"),
            runner.run(0..10).expect_err("it makes no sense"),
            runner.stream(0..10).next().expect("one item").expect_err("it makes no sense"),
        ];
        for error in errors {
            assert_eq!((error.kind(), error.hook()), (ErrorKind::Options, None), "{error}");
            let line = error.to_string();
            assert!(words.iter().all(|word| line.contains(word)) && !line.contains('\n'), "{line}");
        }
        assert_eq!(books.made(), 0, "nothing was started");
        let mut runner = runner.options(Options::new());
        assert_eq!(runner.run(0..10).expect("the defaults make sense").len(), 10);
    });
}

#[test]
fn an_option_that_makes_no_sense_is_an_error_of_the_start_that_tells_it_and_another_helps() {
    for scale in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_refused(Options::new().queue_scale(scale), &["queue_scale"]);
    }
    assert_refused(Options::new().window(0), &["window"]);
    assert_refused(Options::new().workers_per_device(0), &["workers_per_device"]);
    assert_refused(Options::new().chunk(Chunk::Exactly(0)), &["chunk"]);
    assert_refused(Options::new().init_timeout(Duration::ZERO), &["init_timeout"]);
    assert_refused(Options::new().close_timeout(Duration::ZERO), &["close_timeout"]);
    assert_refused(Options::new().stall_warning(Duration::ZERO), &["stall_warning"]);
    assert_refused(Options::new().chunk(Chunk::Exactly(11)).window(10), &["chunk", "11", "window", "10"]);
    for rate in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        assert_refused(Options::new().on_error(OnError::skip_rate(rate, 1)), &["skip_rate"]);
    }
}

#[test]
fn options_that_make_no_sense_are_refused_by_a_runner_that_is_active_too() {
    watched("window 0 after a run", || {
        let mut runner = JobRunner::<_, _, true>::new(2, identity());
        runner.run(0..10).expect("nothing fails");
        let mut runner = runner.options(Options::new().window(0));
        assert_eq!(runner.run(0..10).expect_err("it makes no sense").kind(), ErrorKind::Options);
        let mut runner = runner.options(Options::new().window(1));
        assert_eq!(runner.run(0..10).expect("it makes sense").len(), 10);
    });
}

fn runs_with<const ORDERED: bool>(options: Options) {
    watched(format!("ordered: {ORDERED}, {options:?}"), move || {
        let mut runner = JobRunner::<_, _, ORDERED>::new(2, identity()).options(options);
        let mut outputs = runner.run(0..3_000).expect("nothing fails");
        outputs.sort_unstable();
        assert!(outputs.into_iter().eq(0..3_000));
        assert_accounts(runner.report());
    });
}

#[test]
fn every_option_that_makes_sense_gives_the_right_result() {
    let extremes = [
        Options::new().queue_scale(f64::MIN_POSITIVE),
        Options::new().queue_scale(0.5),
        Options::new().queue_scale(1e300),
        Options::new().queue_scale(f64::MAX).chunk(Chunk::Exactly(100)),
        Options::new().window(1),
        Options::new().window(usize::MAX),
        Options::new().window(10).chunk(Chunk::Exactly(10)),
        Options::new().window(usize::MAX).chunk(Chunk::Exactly(1)),
        Options::new().chunk(Chunk::Exactly(1)),
        Options::new().chunk(Chunk::Exactly(1_000_000)),
        Options::new().chunk(Chunk::Exactly(usize::MAX)),
        Options::new().chunk(Chunk::Exactly(usize::MAX)).window(usize::MAX),
        Options::new().workers_per_device(32),
        Options::new().pin(Pinning::IfSupported),
        Options::new().init_timeout(Duration::MAX).close_timeout(Duration::MAX),
        Options::new().stall_warning(Duration::MAX),
        Options::new().on_error(OnError::skip(usize::MAX)),
        Options::new().on_error(OnError::skip_rate(0.0, 0)),
        Options::new().on_error(OnError::skip_rate(1.0, usize::MAX)),
    ];
    for options in extremes {
        runs_with::<true>(options.clone());
        runs_with::<false>(options);
    }
}

#[test]
fn a_chunk_of_exactly_so_many_is_what_a_worker_takes_at_a_time() {
    watched("chunks of 8 for two workers", || {
        // The consumer is kept busy until all is pulled, so that nobody waits for what a worker has.
        let (all, wait) = mpsc::channel();
        let wait = Mutex::new(Some(wait));
        let taken: Arc<Mutex<BTreeMap<usize, usize>>> = Arc::default();
        let noting = Arc::clone(&taken);
        let plan = Plan::new(move |seat, item: usize| {
            lock(&noting).insert(item, seat.worker.index());
            Ok(item)
        })
        .consume(move |_, _| {
            if let Some(wait) = lock(&wait).take() {
                wait.recv_timeout(PATIENCE)?;
            }
            Ok(ControlFlow::Continue(()))
        });
        let mut runner = JobRunner::<_, _, true>::new(2, plan)
            .options(Options::new().chunk(Chunk::Exactly(8)).window(800));
        let mut input = (0..800).inspect(|&item| {
            if item == 799 {
                all.send(()).expect("the consumer waits");
            }
        });
        // The first chunk may be cut short, because the consumer waits for it.
        let first = input.next().expect("there are 800");
        runner.run(std::iter::once(first).chain(input)).expect("nothing fails");
        let workers: Vec<_> = lock(&taken).values().copied().collect();
        let lengths: Vec<_> = workers.chunk_by(|one, next| one == next).map(<[usize]>::len).collect();
        let odd = lengths.iter().filter(|&length| length % 8 != 0).count();
        assert!(
            odd <= 3,
            "multiples of 8 but for the first, what came while it was worked, and the last: {lengths:?}"
        );
    });
}

#[test]
fn options_and_on_error_compare_and_show_themselves() {
    assert_eq!(Options::default(), Options::new());
    assert_ne!(Options::new().window(5), Options::new());
    assert!(format!("{:?}", Options::new().window(5)).contains("window: Some(5)"));
    assert!(format!("{:?}", Options::new().on_failure(|_| ())).contains("on_failure: Some(Listener)"));
}
