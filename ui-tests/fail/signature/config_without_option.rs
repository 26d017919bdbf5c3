//! A config that the attribute does not declare.

use easycore::parallel_runner;

struct Power(u32);

#[parallel_runner]
impl Powers {
    fn producer_work(cfg: &Power, item: u64) -> u64 {
        item.pow(cfg.0)
    }
}

fn main() -> Result<(), easycore::Error> {
    let all: Vec<u64> = Powers::new(2).run(0..100)?;
    assert_eq!(all.len(), 100);
    Ok(())
}
