//! Outputs that must stay on one thread.

use easycore::parallel_runner;

use std::rc::Rc;

#[parallel_runner]
impl Squares {
    fn producer_work(item: u64) -> Rc<u64> {
        Rc::new(item * item)
    }
}

fn main() -> Result<(), easycore::Error> {
    let all: Vec<Rc<u64>> = Squares::new(2).run(0..100)?;
    assert_eq!(all.len(), 100);
    Ok(())
}
