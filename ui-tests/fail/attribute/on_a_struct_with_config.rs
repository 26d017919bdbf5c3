//! The attribute on a type with fields, in place of a config.

use easycore::parallel_runner;

#[parallel_runner(config = u64)]
struct Powers {
    exponent: u32,
}

impl Powers {
    fn producer_work(&self, item: u64) -> u64 {
        item.pow(self.exponent)
    }
}

fn main() -> Result<(), easycore::Error> {
    let all: Vec<u64> = Powers::new(2, 3).run(0..100)?;
    assert_eq!(all.len(), 100);
    Ok(())
}
