//! What the hand-off of an item costs, beside the peers, in one process: the same work, the same number of threads, checked
//! results. Rounds are interleaved, so that what else the machine does falls on everybody; the figures are medians.
//!
//! `cargo bench -p easycore-benches` prints the table and writes it into `benches/README.md`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::num::NonZero;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use easycore::parallel_runner;
use futures::StreamExt as _;
use pariter::IteratorExt as _;
use rayon::prelude::*;

/// What one item takes, beside the hand-off.
const COSTS: [(&str, Duration); 5] = [
    ("trivial", Duration::ZERO),
    ("100 ns", Duration::from_nanos(100)),
    ("1 µs", Duration::from_micros(1)),
    ("10 µs", Duration::from_micros(10)),
    ("100 µs", Duration::from_micros(100)),
];
const ROUNDS: usize = 7;
const ROUND_TIME: Duration = Duration::from_millis(150);
const BEGIN: &str = "<!-- table: begin -->";
const END: &str = "<!-- table: end -->";

/// The work: a chain of multiplications that no compiler can shorten.
fn work(loops: u32, item: u64) -> u64 {
    (0..loops).fold(item, |value, _| black_box(value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1)))
}

#[parallel_runner(ordered, config = u32)]
impl Ordered {
    fn producer_work(loops: &u32, item: u64) -> u64 {
        work(*loops, item)
    }
    fn consumer_init() -> u64 {
        0
    }
    fn consumer_work(sum: &mut u64, output: u64) {
        *sum = sum.wrapping_add(output);
    }
}

#[parallel_runner(unordered, config = u32)]
impl Unordered {
    fn producer_work(loops: &u32, item: u64) -> u64 {
        work(*loops, item)
    }
    fn consumer_init() -> u64 {
        0
    }
    fn consumer_work(sum: &mut u64, output: u64) {
        *sum = sum.wrapping_add(output);
    }
}

/// One way to do the job: sums the outputs of items `0..count`.
struct Contender {
    name: &'static str,
    /// Whether outputs arrive in input order while the input is still coming.
    order: &'static str,
    run: Box<dyn FnMut(u64) -> u64>,
}

fn contender(name: &'static str, order: &'static str, run: impl FnMut(u64) -> u64 + 'static) -> Contender {
    Contender { name, order, run: Box::new(run) }
}

fn contenders(threads: usize, loops: u32) -> Result<Vec<Contender>, Box<dyn Error>> {
    let mut ordered = Ordered::new(threads, loops);
    ordered.start()?;
    let mut unordered = Unordered::new(threads, loops);
    unordered.start()?;
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).build()?;
    Ok(vec![
        contender("independent threads, no hand-off", "–", move |count| independent(threads, loops, count)),
        contender("easycore", "ordered", move |count| ordered.run(0..count).expect("no hook fails")),
        contender("easycore", "unordered", move |count| unordered.run(0..count).expect("no hook fails")),
        contender("rayon `par_iter`, collect, fold", "at the end", move |count| {
            let outputs: Vec<u64> = (0..count).into_par_iter().map(|item| work(loops, item)).collect();
            outputs.into_iter().fold(0, u64::wrapping_add)
        }),
        contender("rayon `par_bridge`, reduce", "unordered", move |count| {
            (0..count).par_bridge().map(|item| work(loops, item)).reduce(|| 0, u64::wrapping_add)
        }),
        contender("pariter `parallel_map`", "ordered", move |count| {
            (0..count)
                .parallel_map_custom(|options| options.threads(threads), move |item| work(loops, item))
                .fold(0, u64::wrapping_add)
        }),
        contender("crossbeam channels, an item a message", "unordered", move |count| {
            by_channels(threads, loops, count)
        }),
        contender("tokio `buffered`, `spawn_blocking`", "ordered", move |count| {
            let jobs = futures::stream::iter(0..count)
                .map(|item| tokio.spawn_blocking(move || work(loops, item)))
                .buffered(64 * threads);
            let sum = jobs.fold(0_u64, async |sum, output| sum.wrapping_add(output.expect("no job panics")));
            tokio.block_on(sum)
        }),
    ])
}

/// The ideal: every thread has its share from the start.
fn independent(threads: usize, loops: u32, count: u64) -> u64 {
    thread::scope(|scope| {
        let shares: Vec<_> = (0..threads as u64)
            .map(|share| {
                scope.spawn(move || {
                    (share..count)
                        .step_by(threads)
                        .fold(0_u64, |sum, item| sum.wrapping_add(black_box(work(loops, item))))
                })
            })
            .collect();
        shares.into_iter().fold(0_u64, |sum, share| sum.wrapping_add(share.join().expect("no share panics")))
    })
}

fn by_channels(threads: usize, loops: u32, count: u64) -> u64 {
    let (to_workers, items) = crossbeam_channel::bounded(1_024);
    let (to_consumer, outputs) = crossbeam_channel::bounded(1_024);
    thread::scope(|scope| {
        scope.spawn(move || (0..count).try_for_each(|item| to_workers.send(item)));
        for _ in 0..threads {
            let (items, to_consumer) = (items.clone(), to_consumer.clone());
            scope.spawn(move || items.iter().try_for_each(|item| to_consumer.send(work(loops, item))));
        }
        drop((items, to_consumer));
        outputs.iter().fold(0, u64::wrapping_add)
    })
}

fn timed(contender: &mut Contender, loops: u32, count: u64, expected: &mut BTreeMap<u64, u64>) -> Duration {
    let begun = Instant::now();
    let sum = (contender.run)(count);
    let elapsed = begun.elapsed();
    let expected =
        *expected.entry(count).or_insert_with(|| (0..count).fold(0, |sum, item| sum.wrapping_add(work(loops, item))));
    assert_eq!(sum, expected, "{} computes something else", contender.name);
    elapsed
}

/// How many rounds of the work fill `cost` on this machine, now.
fn calibrate(cost: Duration) -> u32 {
    const LOOPS: u32 = 10_000_000;
    let begun = Instant::now();
    black_box(work(LOOPS, 1));
    let loops = cost.as_secs_f64() / begun.elapsed().as_secs_f64() * f64::from(LOOPS);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most some 100,000 loops")]
    let loops = loops.round() as u32;
    loops
}

/// Nanoseconds per item: the median of all rounds, and half the distance between the quartiles.
fn measure(threads: usize, cost: Duration) -> Result<Vec<(String, f64, f64)>, Box<dyn Error>> {
    let loops = calibrate(cost);
    let mut contenders = contenders(threads, loops)?;
    let mut expected = BTreeMap::new();
    let counts: Vec<u64> = contenders
        .iter_mut()
        .map(|contender| {
            let mut count = 64;
            while timed(contender, loops, count, &mut expected) < ROUND_TIME {
                count *= 2;
            }
            count
        })
        .collect();
    let mut rounds = vec![Vec::new(); contenders.len()];
    for _ in 0..ROUNDS {
        for ((contender, &count), rounds) in contenders.iter_mut().zip(&counts).zip(&mut rounds) {
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
            let items = count as f64;
            rounds.push(timed(contender, loops, count, &mut expected).as_secs_f64() * 1e9 / items);
        }
    }
    Ok(contenders
        .iter()
        .zip(rounds)
        .map(|(contender, mut rounds)| {
            rounds.sort_by(f64::total_cmp);
            let spread = (rounds[ROUNDS * 3 / 4] - rounds[ROUNDS / 4]) / 2.0;
            (format!("{} | {}", contender.name, contender.order), rounds[ROUNDS / 2], spread)
        })
        .collect())
}

fn main() -> Result<(), Box<dyn Error>> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let mut rows: Vec<(String, String)> = Vec::new();
    let (mut head, mut line) = (String::from("| | order |"), String::from("| --- | --- |"));
    for (name, cost) in COSTS {
        write!(head, " {name} |")?;
        line.push_str(" ---: |");
        for (place, (contender, median, spread)) in measure(threads, cost)?.into_iter().enumerate() {
            if place == rows.len() {
                rows.push((contender, String::new()));
            }
            let digits = usize::from(median < 100.0);
            write!(rows[place].1, " {median:.digits$} ± {spread:.digits$} |")?;
        }
    }
    let mut table = format!("{head}\n{line}\n");
    for (contender, figures) in rows {
        writeln!(table, "| {contender} |{figures}")?;
    }
    println!("nanoseconds per item, {threads} threads\n\n{table}");
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&readme)?;
    let (Some(begin), Some(end)) = (text.find(BEGIN), text.find(END)) else {
        return Err(format!("{} has no place for the table", readme.display()).into());
    };
    fs::write(&readme, format!("{}{BEGIN}\n\n{table}\n{}", &text[..begin], &text[end..]))?;
    Ok(())
}
