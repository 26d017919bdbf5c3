//! One runner, through many runs in bad weather.

use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use easycore::{Canceller, Chunk, Error, ErrorKind, MergeHooks, OnError, Options, Order, Runner};
use easycore_tests::{Accounts, Books, Ended, Fallible, Job, Plan, Shape, Way, in_shape, lock, options};

use crate::cargo::{Census, Item, Output};
use crate::dice::Dice;
use crate::faults::{Place, place_of};
use crate::retried::Retried;
use crate::weather::{Sky, Weather, accept, plan};

/// How many runs a runner makes, besides those in calm weather.
pub(crate) const RUNS: usize = 8;

/// Makes a runner of whatever kind and runs it.
pub(crate) fn sail(seed: u64) {
    let dice = Dice::new(seed);
    let shape = dice.one_of(&[Shape::Single, Shape::Single, Shape::Batch, Shape::Prompt, Shape::Patient]);
    let ordered = dice.happens(50);
    in_shape!(ordered, shape, sail_as(seed, dice, shape));
}

fn sail_as<const ORDERED: bool, const BATCH: usize, const DELAY: u64>(seed: u64, dice: Dice, shape: Shape) {
    if dice.happens(50) {
        sail_on::<Job<Item, Output, ORDERED, BATCH, DELAY>>(seed, dice, shape);
    } else {
        sail_on::<Retried<ORDERED, BATCH, DELAY>>(seed, dice, shape);
    }
}

fn sail_on<H: Crew>(seed: u64, dice: Dice, shape: Shape) {
    let devices = dice.one_of(&DEVICES);
    let sky = Arc::new(Sky { dice, weather: Mutex::default(), canceller: OnceLock::new() });
    let plan = plan(&sky);
    let books = plan.books();
    let runner = Runner::new(devices, plan);
    assert!(sky.canceller.set(runner.canceller()).is_ok());
    let told = Arc::default();
    let mut ship = Ship::<H> { seed, shape, devices, sky, books, told, runner: Some(runner) };
    for _ in 0..RUNS {
        ship.run_in_a_storm();
        if ship.sky.dice.happens(30) {
            ship.run_in_a_calm();
        }
        if ship.sky.dice.happens(10) {
            ship.close();
        }
    }
    ship.run_in_a_calm();
    ship.end();
}

const DEVICES: [&str; 4] = ["cpu", "cpu, cpu", "cuda:0, cuda:1, cuda:0", "cpu, cuda:0, cpu, cuda:1, cpu"];

/// The hooks of a runner.
trait Crew:
    MergeHooks<
        Config = Plan<Item, Output>,
        Item = Item,
        Output = Output,
        ConsumerState = Vec<Output>,
        Outcome = Vec<Output>,
    > + 'static
{
}

impl<H> Crew for H where
    H: MergeHooks<
            Config = Plan<Item, Output>,
            Item = Item,
            Output = Output,
            ConsumerState = Vec<Output>,
            Outcome = Vec<Output>,
        > + 'static
{
}

/// A runner, and what is known of it.
struct Ship<H: Crew> {
    seed: u64,
    shape: Shape,
    devices: &'static str,
    sky: Arc<Sky>,
    books: Arc<Books>,
    /// The failed items that were told of: where each begins, and how many there are.
    told: Arc<Mutex<Vec<(usize, usize)>>>,
    /// `None` only while it is given other options.
    runner: Option<Runner<H>>,
}

impl<H: Crew> Ship<H> {
    const ORDERED: bool = matches!(H::ORDER, Order::Ordered);

    fn name(&self) -> impl fmt::Display + use<H> {
        format!(
            "{:?}, {:?}, retries: {}, EASYCORE_STRESS_SEED={}",
            H::ORDER,
            self.shape,
            H::RETRIES,
            self.seed
        )
    }

    fn options(&self) -> Options {
        let dice = &self.sky.dice;
        let chunk = self.shape.most() * (1 + dice.below(6));
        let mut options = options().workers_per_device(1 + dice.below(2));
        if dice.happens(50) {
            options = options.chunk(Chunk::Exactly(chunk));
        }
        if dice.happens(50) {
            options = options.window(chunk + dice.below(50));
        }
        if dice.happens(40) {
            options = options.restarts(dice.below(4), Duration::from_hours(1));
        }
        if dice.happens(60) && self.devices.contains("cuda") {
            options = options.min_devices(1);
        }
        if dice.happens(30) {
            options = options.recycle_after(1 + dice.below(12));
        }
        let told = Arc::clone(&self.told);
        options = options.on_failure(move |failed| lock(&told).push((failed.index, failed.count)));
        options.on_error(match dice.below(4) {
            0 => OnError::stop(),
            1 => OnError::skip_rate(0.5, 20),
            2 => OnError::skip(dice.below(50)),
            _ => OnError::skip(usize::MAX),
        })
    }

    fn take_options(&mut self, options: Options) {
        self.runner = self.runner.take().map(|runner| runner.options(options));
    }

    fn runner(&mut self) -> &mut Runner<H> {
        self.runner.as_mut().expect("it is there")
    }

    fn way(&self) -> Way {
        loop {
            let way = self.sky.dice.one_of(&Way::ALL);
            if !(Self::ORDERED && way.merges()) {
                return way;
            }
        }
    }

    /// Runs with the options of now.
    fn run(&mut self, way: Way, weather: &Weather) -> (Ended<Output>, Arc<Census>) {
        *lock(&self.sky.weather) = weather.clone();
        lock(&self.told).clear();
        let census = Arc::default();
        let next = self.next(way, weather, &census);
        let sky = Arc::clone(&self.sky);
        let take = |output: Output| {
            let (flow, deed) = (sky.has_had_enough(&output), output.consumed);
            drop(accept(output));
            if deed.is_panic() {
                // Whoever pulls a stream may panic with the stream in hand.
                let _ = deed.done_at(Place::ConsumerWork);
            }
            flow
        };
        (Ended::of(|| way.run(self.runner(), weather.items, next, take)), census)
    }

    fn next(
        &self,
        way: Way,
        weather: &Weather,
        census: &Arc<Census>,
    ) -> impl Fn(usize) -> Fallible<Item> + Send + Sync + use<H> {
        let (sky, weather, census) = (Arc::clone(&self.sky), weather.clone(), Arc::clone(census));
        move |index| sky.item(way, &weather, &census, index)
    }

    fn run_in_a_storm(&mut self) {
        let options = self.options();
        self.take_options(options);
        let weather = Weather::stormy(&self.sky.dice);
        if self.sky.dice.happens(5) {
            return self.leak_a_stream(&weather);
        }
        let way = self.way();
        let meddles = self.sky.dice.happens(20);
        let patience = self.sky.dice.below(200);
        let canceller = self.runner().canceller();
        let (ended, census) = thread::scope(|scope| {
            if meddles {
                scope.spawn(move || meddle(&canceller, patience));
            }
            self.run(way, &weather)
        });
        let name = format!("{}: {way}, {weather:?}", self.name());
        self.expect_a_legitimate_end(&name, ended, &weather, meddles);
        self.expect_nothing_lost(&name, way, &census);
    }

    fn run_in_a_calm(&mut self) {
        self.take_options(options());
        let way = self.way();
        let weather = Weather::calm(self.sky.dice.below(100));
        let (ended, census) = self.run(way, &weather);
        let name = format!("{}: {way} in a calm", self.name());
        let Ended::Well(outputs) = &ended else { panic!("{name}: {ended:?}") };
        assert_eq!(Census::read(&census.consumed), weather.items, "{name}");
        if way != Way::Stream {
            let mut indices: Vec<_> = outputs.iter().map(|output| output.index).collect();
            if !Self::ORDERED {
                indices.sort_unstable();
            }
            assert!(indices.into_iter().eq(0..weather.items), "{name}");
        }
        drop(ended);
        self.expect_nothing_lost(&name, way, &census);
    }

    /// Pulls a few outputs of a stream and forgets it. Whatever comes next has to cope, and nobody knows what became of its items.
    fn leak_a_stream(&mut self, weather: &Weather) {
        *lock(&self.sky.weather) = weather.clone();
        let next = self.next(Way::Stream, weather, &Arc::default());
        let items = (0..weather.items).map(move |index| next(index).expect("a stream takes no errors"));
        let pulled = self.sky.dice.below(5);
        let mut stream = self.runner().stream(items);
        for output in stream.by_ref().take(pulled) {
            match output {
                Ok(output) => drop(accept(output)),
                Err(error) => put_aside(error),
            }
        }
        mem::forget(stream);
        if self.sky.dice.happens(50) {
            self.close();
        }
    }

    /// The run ended well, or with something that did happen in it.
    fn expect_a_legitimate_end(
        &mut self,
        name: &str,
        ended: Ended<Output>,
        weather: &Weather,
        meddles: bool,
    ) {
        match ended {
            Ended::Well(outputs) => {
                let in_order = outputs.is_sorted_by(|one, next| one.index < next.index);
                assert!(in_order || !Self::ORDERED, "{name}: {outputs:?}");
            }
            Ended::Unwound(payload) => {
                let place = place_of(&*payload);
                assert!(place.is_some_and(Place::is_the_consumers), "{name}: a panic of {place:?} got out");
                let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
            }
            Ended::Badly(error) => {
                let could_be = match error.kind() {
                    ErrorKind::Init => weather.init > 0,
                    ErrorKind::Work => {
                        let bad = weather.work + weather.drops + weather.states;
                        bad > 0 || !weather.broken_workers.is_empty()
                    }
                    ErrorKind::DeviceLost => {
                        weather.work + weather.drops > 0 || !weather.broken_workers.is_empty()
                    }
                    ErrorKind::Consumer => {
                        weather.consumer_at.is_some() || weather.consumer_hooks > 0 || weather.drops > 0
                    }
                    ErrorKind::Input => weather.input_at.is_some() || weather.work > 0,
                    ErrorKind::Cancelled => weather.cancel_at.is_some() || meddles,
                    _ => false,
                };
                assert!(could_be, "{name}: {error:?}");
                put_aside(error);
            }
        }
        if let Some(report) = self.runner().report() {
            let _ = catch_unwind(AssertUnwindSafe(|| report.to_string()));
        }
    }

    /// Every item is accounted for, and every value has been dropped once.
    fn expect_nothing_lost(&mut self, name: &str, way: Way, census: &Census) {
        let accounts = Accounts::of(self.runner().report().expect("there was a run"));
        assert!(accounts.balance(), "{name}: {accounts:?}");
        assert_eq!(accounts.consumed, Census::read(&census.consumed), "{name}: {accounts:?}");
        // An item and its output are made together.
        let (made, refused) = (Census::read(&census.made), Census::read(&census.refused));
        let yielded = made / 2 - Census::read(&census.copied) + refused;
        if way.splits() {
            assert!(accounts.pulled >= yielded, "{name}: {yielded} yielded of {accounts:?}");
        } else {
            assert_eq!(accounts.pulled, yielded, "{name}: {accounts:?}");
        }
        assert_eq!(Census::read(&census.dropped), made, "{name}: values dropped, and made");
        assert_eq!(self.books.faults(), [""; 0], "{name}");
        self.expect_all_was_told(name, &accounts);
        let lost = self.runner().report().map_or(0, |report| report.lost_devices().len());
        assert!(lost < self.devices.split(',').count().min(3), "{name}: {lost} devices are lost");
    }

    /// Every item that failed, for good, was told of, in order. Of a panic of the consumer nobody is told.
    fn expect_all_was_told(&self, name: &str, accounts: &Accounts) {
        let told = lock(&self.told);
        let count: usize = told.iter().map(|(_, count)| count).sum();
        let failed = accounts.failed + accounts.skipped();
        assert!(count == failed || count + 1 == failed, "{name}: told of {told:?}: {accounts:?}");
        let in_order = told.windows(2).all(|two| two[0].0 + two[0].1 <= two[1].0);
        assert!(in_order || !Self::ORDERED, "{name}: told of {told:?}");
    }

    fn close(&mut self) {
        match self.runner().close() {
            Ok(()) => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::End, "{}: {error:?}", self.name());
                put_aside(error);
            }
        }
        assert_eq!(self.books.living(), 0, "{}: states not ended", self.name());
    }

    /// Closes or drops the runner, after which every state has been ended once.
    fn end(mut self) {
        if self.sky.dice.happens(50) {
            self.close();
        }
        let name = self.name();
        drop(self.runner);
        assert_eq!(self.books.living(), 0, "{name}: states not ended, of {}", self.books.made());
        assert_eq!(self.books.faults(), [""; 0], "{name}");
    }
}

/// Reads an error and drops it, as carefully as one has to.
fn put_aside(error: Error) {
    let _ = catch_unwind(AssertUnwindSafe(|| error.to_string()));
    let _ = catch_unwind(AssertUnwindSafe(|| drop(error)));
}

/// Ends the run in progress from another thread, after a while.
fn meddle(canceller: &Canceller, patience: usize) {
    for _ in 0..patience {
        thread::yield_now();
    }
    if patience.is_multiple_of(2) { canceller.cancel() } else { canceller.drain() }
}
