//! `producer_init` expects the config where the device comes.

use easycore::parallel_runner;

struct Power(u32);

#[parallel_runner(config = Power)]
impl Powers {
    fn producer_init(cfg: &Power) -> u32 {
        cfg.0
    }

    fn producer_work(power: &mut u32, item: u64) -> u64 {
        item.pow(*power)
    }
}

fn main() -> Result<(), easycore::Error> {
    let all: Vec<u64> = Powers::new(2, Power(3)).run(0..100)?;
    assert_eq!(all.len(), 100);
    Ok(())
}
