//! A config behind the device, though the runner has none.

use easycore::{Device, parallel_runner};

struct Power(u32);

#[parallel_runner]
impl Powers {
    fn producer_init(_device: &Device, power: &Power) -> u32 {
        power.0
    }
    fn producer_work(power: &mut u32, item: u64) -> u64 {
        item.pow(*power)
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut powers = Powers::new(2);
    let all: Vec<u64> = powers.run(0..10)?;
    assert_eq!(all.len(), 10);
    powers.close()
}
