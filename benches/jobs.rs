//! The jobs that contenders do: where an item comes from, what is worked on it, and what the consumer makes of the output.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// A job over the items `0..count`. Every contender does it with these three functions, on whichever thread it likes.
pub(crate) trait Job: Copy + Send + Sync + 'static {
    type Item: Send + Sync + 'static;
    type Output: Send + 'static;

    /// Makes item `index`: what the source does.
    fn item(&self, index: usize) -> Self::Item;

    /// What the workers do.
    fn work(&self, item: Self::Item) -> Self::Output;

    /// What the consumer does; the wrapping sum over all outputs is the checksum.
    fn consume(&self, output: Self::Output) -> u64;

    /// What an item takes while it waits: how much of it a hand-written pipeline may hold.
    fn item_bytes(&self) -> usize {
        size_of::<Self::Item>().max(size_of::<Self::Output>())
    }

    /// The whole job for one item, for those who hand nothing over.
    fn alone(&self, index: usize) -> u64 {
        self.consume(self.work(self.item(index)))
    }
}

/// Nothing to do, but the compiler may not know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trivial;

impl Job for Trivial {
    type Item = usize;
    type Output = u64;

    fn item(&self, index: usize) -> usize {
        index
    }
    fn work(&self, item: usize) -> u64 {
        black_box(item) as u64
    }
    fn consume(&self, output: u64) -> u64 {
        output
    }
}

/// Arithmetic, the same for every item.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Uniform {
    pub(crate) loops: u32,
}

impl Job for Uniform {
    type Item = usize;
    type Output = u64;

    fn item(&self, index: usize) -> usize {
        index
    }
    fn work(&self, item: usize) -> u64 {
        spin(self.loops, item as u64)
    }
    fn consume(&self, output: u64) -> u64 {
        output
    }
}

/// Arithmetic, a hundred times as long for one item in 101: a prime, so that dealing items out in turn deals stragglers
/// out evenly, to however many threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stragglers {
    pub(crate) loops: u32,
}

impl Job for Stragglers {
    type Item = usize;
    type Output = u64;

    fn item(&self, index: usize) -> usize {
        index
    }
    fn work(&self, item: usize) -> u64 {
        spin(if item % 101 == 50 { 100 * self.loops } else { self.loops }, item as u64)
    }
    fn consume(&self, output: u64) -> u64 {
        output
    }
}

/// A consumer that takes half as long as a worker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HalfConsumed {
    pub(crate) loops: u32,
}

impl Job for HalfConsumed {
    type Item = usize;
    type Output = u64;

    fn item(&self, index: usize) -> usize {
        index
    }
    fn work(&self, item: usize) -> u64 {
        spin(self.loops, item as u64)
    }
    fn consume(&self, output: u64) -> u64 {
        spin(self.loops / 2, output)
    }
}

/// Eight bytes that travel by value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word;

impl Job for Word {
    type Item = [u8; 8];
    type Output = (u64, [u8; 8]);

    fn item(&self, index: usize) -> [u8; 8] {
        index.to_le_bytes()
    }
    fn work(&self, item: [u8; 8]) -> (u64, [u8; 8]) {
        (hash(&item), item)
    }
    fn consume(&self, (hash, bytes): (u64, [u8; 8])) -> u64 {
        hash ^ u64::from(bytes[0])
    }
}

/// Bytes that the source allocates and writes, the worker hashes, and the consumer gets and frees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Buffer {
    pub(crate) size: usize,
}

impl Job for Buffer {
    type Item = Vec<u8>;
    type Output = (u64, Vec<u8>);

    fn item(&self, index: usize) -> Vec<u8> {
        vec![index.to_le_bytes()[0]; self.size]
    }
    fn work(&self, item: Vec<u8>) -> (u64, Vec<u8>) {
        (hash(&item), item)
    }
    fn consume(&self, (hash, bytes): (u64, Vec<u8>)) -> u64 {
        hash ^ u64::from(bytes[0])
    }
    fn item_bytes(&self) -> usize {
        self.size
    }
}

/// FNV-1a: about a nanosecond a byte.
#[inline(never)]
fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Arithmetic that no compiler can shorten. Eight chains side by side keep a core busy with one item, so that it has no
/// room to run ahead into the next one where nothing stands between them. Never inlined, so that everybody runs the same code.
#[inline(never)]
pub(crate) fn spin(loops: u32, seed: u64) -> u64 {
    let mut lanes: [u64; 8] = std::array::from_fn(|lane| seed.wrapping_add(lane as u64));
    for _ in 0..loops {
        for lane in &mut lanes {
            *lane = (*lane ^ (*lane >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
    lanes.into_iter().fold(0, u64::wrapping_add)
}

/// How many loops of [`spin`] take `cost` on this machine: the best of a few trials, so that a disturbance does not count.
pub(crate) fn loops_of(cost: Duration) -> u32 {
    const LOOPS: u32 = 1_000_000;
    let once = (0..10)
        .map(|seed| {
            let begun = Instant::now();
            black_box(spin(LOOPS, seed));
            begun.elapsed()
        })
        .min()
        .unwrap_or_default();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most some 100,000,000 loops"
    )]
    let loops = (cost.as_secs_f64() / once.as_secs_f64() * f64::from(LOOPS)).round() as u32;
    loops.max(1)
}
