//! A type that only has the name of a `Result`.

use easycore::parallel_runner;

struct Result<T>(T);

#[parallel_runner]
impl Squares {
    fn producer_work(item: u64) -> Result<u64> {
        Result(item * item)
    }
}

fn main() {
    let all = Squares::new(2).run(0..100);
    assert!(all.is_ok());
}
