//! Parameters from outside: a typed config that every hook may read.
//!
//! `cargo run --example sum_of_powers`

use easycore::parallel_runner;

struct Power {
    exponent: u32,
}

#[parallel_runner(unordered, config = Power)]
impl SumOfPowers {
    fn producer_work(power: &Power, number: u64) -> u64 {
        number.pow(power.exponent)
    }
    fn consumer_init() -> u64 {
        0
    }
    fn consumer_work(sum: &mut u64, power: u64) {
        *sum += power;
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut sum_of_powers = SumOfPowers::new(3, Power { exponent: 3 });
    println!("{}", sum_of_powers.run(0..100)?);
    sum_of_powers.close()
}
