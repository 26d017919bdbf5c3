//! Items that must stay on one thread.

use easycore::parallel_runner;

use std::rc::Rc;

#[parallel_runner]
impl Squares {
    fn producer_work(item: Rc<u64>) -> u64 {
        *item * *item
    }
}

fn main() -> Result<(), easycore::Error> {
    let all: Vec<u64> = Squares::new(2).run((0..100).map(Rc::new))?;
    assert_eq!(all.len(), 100);
    Ok(())
}
