//! How contenders are measured: in interleaved rounds, so that what else the machine does falls on everybody.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::contenders::Contender;
use crate::jobs::Job;

/// How thoroughly to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    /// How long one contender runs in a round, at least.
    pub(crate) round_time: Duration,
}

impl Plan {
    pub(crate) const FULL: Plan = Plan { rounds: 7, round_time: Duration::from_millis(250) };
    /// To see whether everything works; the figures mean nothing.
    pub(crate) const QUICK: Plan = Plan { rounds: 3, round_time: Duration::from_millis(30) };
}

/// One figure of one contender, for every round.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) contender: String,
    pub(crate) metric: &'static str,
    pub(crate) rounds: Vec<f64>,
}

/// Wall time of an item, in nanoseconds.
pub(crate) const WALL: &str = "wall";
/// CPU time of an item on all threads together, in nanoseconds.
pub(crate) const CPU: &str = "cpu";

/// No call has more bytes of items than this, so that those who collect everything do not measure the machine's memory.
const MAX_CALL_BYTES: usize = 256 * 1024 * 1024;

/// How a contender fills a round: `calls` times `count` items.
struct Load {
    calls: usize,
    count: usize,
}

/// The user and system time that this process has used.
pub(crate) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Runs everybody in turn, and checks that everybody computes the same.
pub(crate) fn interleaved<J: Job>(plan: &Plan, job: J, mut contenders: Vec<Contender>) -> Vec<Series> {
    let most = MAX_CALL_BYTES / job.item_bytes().max(16);
    let loads: Vec<Load> =
        contenders.iter_mut().map(|contender| load(contender, plan.round_time, most)).collect();
    let expected = checksums(job, &loads);
    let mut walls = vec![Vec::new(); contenders.len()];
    let mut cpus = vec![Vec::new(); contenders.len()];
    let mut order: Vec<usize> = (0..contenders.len()).collect();
    for _ in 0..plan.rounds {
        for &place in &order {
            let (contender, Load { calls, count }) = (&mut contenders[place], &loads[place]);
            let (cpu, begun) = (cpu_time(), Instant::now());
            for _ in 0..*calls {
                let sum = (contender.run)(*count);
                assert_eq!(sum, expected[count], "{} computes something else", contender.name);
            }
            let (wall, cpu) = (begun.elapsed(), cpu_time().saturating_sub(cpu));
            walls[place].push(per_item(wall, calls * count));
            cpus[place].push(per_item(cpu, calls * count));
        }
        // Another direction and another start, so that nobody always follows the same neighbour.
        order.reverse();
        order.rotate_left(contenders.len() / 3);
    }
    let series = |metric, rounds: Vec<Vec<f64>>| {
        let named = contenders.iter().zip(rounds);
        named
            .map(|(contender, rounds)| Series { contender: contender.name.to_owned(), metric, rounds })
            .collect::<Vec<_>>()
    };
    let mut all = series(WALL, walls);
    all.extend(series(CPU, cpus));
    all
}

/// Finds out how many items fill a round, and warms up on the way.
fn load(contender: &mut Contender, round_time: Duration, most: usize) -> Load {
    let mut count = 32.min(most);
    loop {
        let mut elapsed = timed(contender, count);
        if elapsed >= round_time / 4 || count == most {
            // The better of two, so that one disturbance is not taken for the contender's pace.
            elapsed = elapsed.min(timed(contender, count));
        }
        if elapsed >= round_time / 4 || count == most {
            let of_round = round_time.as_secs_f64() / elapsed.as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "a count that fills a round needs no last digit")]
            let filling = (count as f64 * of_round).ceil();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some 10^9 at most")]
            let filling = filling as usize;
            let count = filling.clamp(1, most);
            return Load { calls: filling.div_ceil(count), count };
        }
        count = (2 * count).min(most);
    }
}

fn timed(contender: &mut Contender, count: usize) -> Duration {
    let begun = Instant::now();
    (contender.run)(count);
    begun.elapsed()
}

/// What each count of items must come to, by one sequential pass over the largest.
fn checksums<J: Job>(job: J, loads: &[Load]) -> BTreeMap<usize, u64> {
    let mut sums: BTreeMap<usize, u64> = loads.iter().map(|load| (load.count, 0)).collect();
    let (mut done, mut sum) = (0, 0_u64);
    for (&count, expected) in &mut sums {
        sum = (done..count).map(|index| job.alone(index)).fold(sum, u64::wrapping_add);
        done = count;
        *expected = sum;
    }
    sums
}

fn per_item(time: Duration, items: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let items = items as f64;
    time.as_secs_f64() * 1e9 / items
}
