//! Every form that the parameters and the return type of a hook may have.

#![deny(warnings, clippy::pedantic)]
#![allow(clippy::unnecessary_wraps, reason = "the return types are what is shown")]

use std::io;
use std::num::ParseIntError;
use std::ops::ControlFlow;
use std::rc::Rc;

use easycore::{Device, FromWorker, Worker, parallel_runner};

type Fallible<T> = Result<T, String>;

mod alias {
    pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
}

struct Name(String);

impl FromWorker<'_> for Name {
    fn from_worker(worker: &Worker) -> Result<Self, easycore::HookError> {
        Ok(Self(format!("{}/{}", worker.device(), worker.index())))
    }
}

/// A state that must stay on its thread, from a device by value.
#[parallel_runner]
impl ByDevice {
    fn producer_init(device: Device) -> Rc<Device> {
        Rc::new(device)
    }
    fn producer_work(device: &mut Rc<Device>, (_, item): (u8, String)) -> Result<usize, ParseIntError> {
        assert!(Rc::strong_count(device) == 1);
        item.parse()
    }
}

/// A worker by reference, and a result of `io`.
#[parallel_runner(config = usize)]
impl ByWorker {
    fn producer_init(worker: &Worker, cfg: &usize) -> io::Result<usize> {
        Ok(worker.index() * cfg)
    }
    fn producer_work(_cfg: &usize, state: &mut usize, item: usize) -> io::Result<usize> {
        Ok(item + *state - *state)
    }
    fn producer_end(_cfg: &usize, _state: usize) -> io::Result<()> {
        Ok(())
    }
    fn consumer_init(cfg: &usize) -> alias::Result<usize> {
        Ok(*cfg)
    }
    fn consumer_work(_cfg: &usize, sum: &mut usize, item: usize) -> alias::Result<ControlFlow<()>> {
        *sum += item;
        Ok(ControlFlow::Continue(()))
    }
    fn consumer_end(cfg: &usize, sum: usize) -> alias::Result<String> {
        Ok(format!("{}", sum - cfg))
    }
}

/// A type of the user's own, no state for the consumer, and an alias that does not say `Result`.
#[parallel_runner(unordered)]
impl ByName {
    fn producer_init(name: Name) -> Name {
        name
    }
    fn producer_work(name: &mut Name, _item: ()) -> Fallible<String> {
        if name.0.is_empty() { Err(String::new()) } else { Ok(name.0.clone()) }
    }
    fn producer_end(_: Name) {}
    fn consumer_work(name: Fallible<String>) -> Result<(), String> {
        name.map(|name| assert!(name.starts_with("cpu")))
    }
    fn consumer_end() -> u8 {
        7
    }
}

/// Nothing but a producer's end, and a worker by value.
#[parallel_runner]
impl ByValue {
    fn producer_init(_: Worker) {}
    fn producer_work((): &mut (), item: Box<dyn Fn(&str) -> usize + Send>) {
        assert_eq!(item("four"), 4);
    }
    fn producer_end((): ()) {}
}

/// Sizes from a block of the user's own.
#[parallel_runner]
impl Sized {
    fn producer_work(item: [u8; Self::WIDTH]) -> [u8; Self::WIDTH * 2] {
        [item[0]; 4]
    }
}

impl Sized {
    const WIDTH: usize = 2;
}

fn assert_send<T: Send>(runner: T) -> T {
    runner
}

fn main() -> Result<(), easycore::Error> {
    assert_eq!(assert_send(ByDevice::new(2)).run([(0, "3".to_owned())])?, [3]);
    assert_eq!(ByWorker::new(2, 5).run(0..4)?, "6");
    assert_eq!(ByName::new(2).run([(), ()])?, 7);
    let length: Box<dyn Fn(&str) -> usize + Send> = Box::new(str::len);
    assert_eq!(ByValue::new(2).run([length])?, [()]);
    assert_eq!(Sized::new(2).run([[1, 2]])?, [[1, 1, 1, 1]]);
    assert_eq!(ByWorker::new(2, 5).try_run([Ok::<_, io::Error>(1)])?, "1");
    Ok(())
}
