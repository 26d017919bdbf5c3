//! A consumer state that cannot go from a worker to the caller.

use std::cell::Cell;
use std::rc::Rc;

use easycore::parallel_runner;

#[parallel_runner(unordered)]
impl Sum {
    fn producer_work(item: u64) -> u64 {
        item
    }

    fn consumer_init() -> Rc<Cell<u64>> {
        Rc::default()
    }

    fn consumer_work(sum: &mut Rc<Cell<u64>>, item: u64) {
        sum.set(sum.get() + item);
    }

    fn consumer_merge(into: &mut Rc<Cell<u64>>, from: Rc<Cell<u64>>) {
        into.set(into.get() + from.get());
    }

    fn consumer_end(sum: Rc<Cell<u64>>) -> u64 {
        sum.get()
    }
}

fn main() -> Result<(), easycore::Error> {
    let sum: u64 = Sum::new(2).run(0..100)?;
    assert_eq!(sum, 4950);
    Ok(())
}
