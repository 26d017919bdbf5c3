//! Seeds for random numbers, from one seed for all. Pure arithmetic.
//!
//! They are outputs of `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014), with
//! the constants of Vigna's `splitmix64.c`, which is in the public domain. Its 2^64 outputs are pairwise different.

/// By how much the generator's state goes up for each output.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Workers take their seeds from the second half of the outputs, where no item's index leads.
const FIRST_WORKER: u64 = 1 << 63;

/// Output number `index`, from 0, of the generator that is started at the first output of the one started at `seed`.
///
/// Started at `seed` itself, those of two seeds that are a few steps apart would be the same but for some at the ends.
pub(crate) fn of_item(seed: u64, index: usize) -> u64 {
    output(output(seed, 0), index as u64)
}

pub(crate) fn of_worker(seed: u64, index: usize) -> u64 {
    output(output(seed, 0), FIRST_WORKER + index as u64)
}

fn output(seed: u64, number: u64) -> u64 {
    let state = seed.wrapping_add(STEP.wrapping_mul(number.wrapping_add(1)));
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
