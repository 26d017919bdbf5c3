//! A hook wants the config for itself.

use easycore::parallel_runner;

struct Power(u32);

#[parallel_runner(config = Power)]
impl Powers {
    fn producer_work(cfg: Power, item: u64) -> u64 {
        item.pow(cfg.0)
    }
}

fn main() -> Result<(), easycore::Error> {
    let all: Vec<u64> = Powers::new(2, Power(3)).run(0..100)?;
    assert_eq!(all.len(), 100);
    Ok(())
}
