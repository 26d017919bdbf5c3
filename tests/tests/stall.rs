//! The warning that nothing gets finished any more. It goes to standard error, so each scene is played by a process of its own: this
//! program, run once more for one test. What is stuck there waits for a line on standard input.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::ops::ControlFlow;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Barrier, OnceLock};
use std::time::Duration;
use std::{env, thread};

use easycore::{Canceller, Chunk, Device, Options, parallel_runner};
use easycore_tests::{Fallible, JobRunner, PATIENCE, Plan, Refused, Seat, identity};

/// Tells a process that it is to play the scene.
const SCENE: &str = "EASYCORE_TESTS_SCENE";

const QUIET: Duration = Duration::from_millis(100);

/// Far longer than a warning takes.
const LONG: Duration = Duration::from_millis(500);

fn options() -> Options {
    Options::new().stall_warning(QUIET)
}

/// Does not return before the other process wants it to.
fn be_stuck() -> Fallible<()> {
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}

/// The process that plays a scene.
struct Actor {
    process: Child,
    lines: Receiver<String>,
}

/// Plays `scene` if this process is there for that; the actor of it otherwise, for the test of this name.
fn actor(test: &str, scene: fn()) -> Option<Actor> {
    if env::var_os(SCENE).is_some() {
        scene();
        return None;
    }
    let mut process = Command::new(env::current_exe().expect("this program has a file"))
        .args([test, "--exact", "--nocapture"])
        .env(SCENE, "")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this program can be run");
    let stderr = BufReader::new(process.stderr.take().expect("it is a pipe"));
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    Some(Actor { process, lines })
}

impl Actor {
    /// The next line that holds all these words. On a busy machine others may come before it.
    #[track_caller]
    fn expect(&self, words: &[&str]) -> String {
        loop {
            let line =
                self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no line holds {words:?}"));
            assert!(line.starts_with("easycore: warning: "), "{line}");
            if words.iter().all(|word| line.contains(word)) {
                return line;
            }
        }
    }

    /// There is no line for a long time.
    #[track_caller]
    fn expect_nothing(&self) {
        assert_eq!(self.lines.recv_timeout(LONG), Err(RecvTimeoutError::Timeout));
    }

    /// Lets go of what is stuck.
    fn let_go(&mut self) {
        writeln!(self.process.stdin.as_mut().expect("it is a pipe")).expect("the scene goes on");
    }

    /// The scene must end well now; the lines that were left.
    #[track_caller]
    fn end(mut self) -> Vec<String> {
        self.let_go();
        let left: Vec<_> = self.lines.iter().collect();
        assert!(self.process.wait().expect("it can be waited for").success(), "{left:?}");
        left
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        // It has ended by itself unless the test has failed.
        let _ = self.process.kill();
    }
}

#[test]
fn a_stuck_item_is_named_once_until_something_else_is_finished() {
    let scene = || {
        let plan = Plan::new(|_, item: usize| {
            if item == 17 || item == 170 {
                be_stuck()?;
            }
            Ok(item)
        });
        let mut runner = JobRunner::<_, _, true>::new("cuda:3", plan);
        runner = runner.options(options().chunk(Chunk::Exactly(1)));
        assert_eq!(runner.run(0..200).expect("nothing fails").len(), 200);
    };
    let test = "a_stuck_item_is_named_once_until_something_else_is_finished";
    let Some(mut actor) = actor(test, scene) else { return };
    actor.expect(&["job has finished nothing in 100ms: item 17 on cuda:3 (worker 0)"]);
    actor.expect_nothing();
    actor.let_go();
    actor.expect(&["item 170 on cuda:3 (worker 0)"]);
    let left = actor.end();
    assert!(left.iter().all(|line| !line.contains("item 17")), "{left:?}");
}

#[test]
fn a_stall_is_told_again_when_something_behind_the_stuck_item_has_been_finished() {
    let scene = || {
        let end = Barrier::new(2);
        let plan = Plan::new(move |_, item: usize| {
            if item > 0 {
                be_stuck()?;
            }
            if item != 1 {
                end.wait();
            }
            Ok(item)
        });
        let mut runner = JobRunner::<_, _, true>::new(2, plan).options(options().chunk(Chunk::Exactly(1)));
        assert_eq!(runner.run(0..3).expect("nothing fails").len(), 3);
    };
    let test = "a_stall_is_told_again_when_something_behind_the_stuck_item_has_been_finished";
    let Some(mut actor) = actor(test, scene) else { return };
    actor.expect(&["item 0 on cpu", "; item 1 on cpu"]);
    actor.let_go();
    actor.expect(&["item 0 on cpu", "; item 2 on cpu"]);
    actor.end();
}

#[test]
fn of_a_stuck_chunk_the_items_are_named() {
    let scene = || {
        let plan = Plan::new(|_, item: usize| {
            if item == 70 {
                be_stuck()?;
            }
            Ok(item)
        });
        // The first chunks may be cut short, because the consumer waits for them.
        let mut runner = JobRunner::<_, _, false>::new(2, plan);
        runner = runner.options(options().chunk(Chunk::Exactly(64)).window(128));
        assert_eq!(runner.run_indexed(0..1_000).expect("nothing fails").len(), 1_000);
    };
    let Some(actor) = actor("of_a_stuck_chunk_the_items_are_named", scene) else { return };
    actor.expect(&["one of items 64 to 127 on cpu (worker "]);
    actor.end();
}

#[test]
fn every_worker_that_is_stuck_is_named_but_not_more_than_can_be_read() {
    let scene = || {
        let plan = Plan::new(|_, item: usize| be_stuck().map(|()| item));
        let mut runner = JobRunner::<_, _, true>::new(6, plan);
        runner = runner.options(options().chunk(Chunk::Exactly(1)));
        runner.run(0..6).expect("nothing fails");
    };
    let test = "every_worker_that_is_stuck_is_named_but_not_more_than_can_be_read";
    let Some(mut actor) = actor(test, scene) else { return };
    actor.expect(&["item 0 on cpu", "; item 1 on cpu", "; item 2 on cpu", "; item 3 on cpu", "; 2 more"]);
    (0..2).for_each(|_| actor.let_go());
    while actor.expect(&[" on cpu"]).contains(" more") {}
    (0..3).for_each(|_| actor.let_go());
    actor.end();
}

#[test]
fn what_a_lost_device_has_left_is_named_with_the_worker_that_works_it_now() {
    let scene = || {
        static LEFT: AtomicUsize = AtomicUsize::new(0);
        let (made, begun) = (AtomicUsize::new(0), Barrier::new(2));
        let plan = Plan::new(move |seat, item: usize| {
            if item.is_multiple_of(4) {
                if *seat.worker.device() == Device::Cuda(1) {
                    LEFT.store(item + 1, Ordering::SeqCst);
                }
                // Each device has a chunk.
                begun.wait();
            } else if item == LEFT.load(Ordering::SeqCst) {
                be_stuck()?;
            }
            Ok(item)
        });
        // A state serves for one item, and the second device makes only one.
        let plan = plan.init(move |worker| match worker.device() {
            Device::Cuda(1) if made.fetch_add(1, Ordering::SeqCst) > 0 => Refused::result("out of memory"),
            _ => Ok(()),
        });
        let options = Options::new().stall_warning(5 * QUIET).chunk(Chunk::Exactly(4));
        let mut runner = JobRunner::<_, _, true>::new("cuda:0, cuda:1", plan)
            .options(options.recycle_after(1).min_devices(1));
        assert_eq!(runner.run_indexed(0..8).expect("one device is left").len(), 8);
    };
    let test = "what_a_lost_device_has_left_is_named_with_the_worker_that_works_it_now";
    let Some(actor) = actor(test, scene) else { return };
    actor.expect(&[" in 500ms: one of items ", " on cuda:0 (worker 0)"]);
    actor.end();
}

/// An input that is stuck before its item 5.
fn stuck_input() -> impl Iterator<Item = usize> + Send + 'static {
    (0..10).inspect(|&item| {
        if item == 5 {
            be_stuck().expect("there is an input");
        }
    })
}

#[test]
fn an_input_that_is_stuck_is_named_with_the_worker_that_pulls() {
    let scene = || {
        let mut runner = JobRunner::<_, _, true>::new("mps", identity()).options(options());
        assert_eq!(runner.run(stuck_input()).expect("nothing fails").len(), 10);
    };
    let test = "an_input_that_is_stuck_is_named_with_the_worker_that_pulls";
    let Some(actor) = actor(test, scene) else { return };
    actor.expect(&[": the input's next() on mps (worker 0)"]);
    actor.end();
}

#[parallel_runner(batch(max = 4, delay = "1ms"))]
impl Batches {
    fn producer_work(items: Vec<usize>) -> Vec<usize> {
        items
    }
}

#[test]
fn an_input_that_is_stuck_on_the_feeder_is_named() {
    let scene = || {
        let outputs = Batches::new(2).options(options()).run(stuck_input()).expect("nothing fails");
        assert_eq!(outputs.len(), 10);
    };
    let Some(actor) = actor("an_input_that_is_stuck_on_the_feeder_is_named", scene) else { return };
    actor.expect(&["batches has finished nothing", ": the input's next(), on the feeder's thread"]);
    actor.end();
}

#[test]
fn a_stream_warns_too() {
    let scene = || {
        let plan = Plan::new(|_, item: usize| {
            if item == 3 {
                be_stuck()?;
            }
            Ok(item)
        });
        let mut runner = JobRunner::<_, _, true>::new(2, plan);
        runner = runner.options(options().chunk(Chunk::Exactly(1)));
        assert_eq!(runner.stream(0..10).flatten().count(), 10);
    };
    let Some(actor) = actor("a_stream_warns_too", scene) else { return };
    actor.expect(&["item 3 on cpu (worker "]);
    actor.end();
}

#[test]
fn a_run_that_is_cancelled_while_a_hook_is_stuck_warns_too() {
    let scene = || {
        static CANCELLER: OnceLock<Canceller> = OnceLock::new();
        let plan = Plan::new(|_, item: usize| {
            CANCELLER.get().expect("it is set before the run").cancel();
            be_stuck().map(|()| item)
        });
        let mut runner = JobRunner::<_, _, true>::new(1, plan).options(options().chunk(Chunk::Exactly(1)));
        assert!(CANCELLER.set(runner.canceller()).is_ok());
        runner.run(0..10).expect_err("it is cancelled");
    };
    let test = "a_run_that_is_cancelled_while_a_hook_is_stuck_warns_too";
    let Some(actor) = actor(test, scene) else { return };
    actor.expect(&["item 0 on cpu (worker 0)"]);
    actor.end();
}

#[test]
fn without_the_option_nothing_is_said() {
    let scene = || {
        let plan = Plan::new(|_, item: usize| be_stuck().map(|()| item));
        JobRunner::<_, _, true>::new(1, plan).run(0..1).expect("nothing fails");
    };
    let Some(actor) = actor("without_the_option_nothing_is_said", scene) else { return };
    actor.expect_nothing();
    assert_eq!(actor.end(), [""; 0]);
}

#[test]
fn the_time_the_consumer_takes_is_not_counted() {
    let scene = || {
        let works = |_: &mut Seat, item: usize| {
            // Some work, so that the consumer has to wait for it.
            thread::sleep(QUIET / 5);
            Ok(item)
        };
        let plan = Plan::new(works).consume(|_, item| {
            if item == 0 {
                be_stuck()?;
            }
            Ok(ControlFlow::Continue(()))
        });
        let options = options().stall_warning(3 * QUIET).chunk(Chunk::Exactly(1)).window(1);
        JobRunner::<_, _, true>::new(1, plan).options(options).run(0..3).expect("nothing fails");
    };
    let Some(actor) = actor("the_time_the_consumer_takes_is_not_counted", scene) else { return };
    actor.expect_nothing();
    assert_eq!(actor.end(), [""; 0]);
}
