//! An output that borrows from the state.

use easycore::parallel_runner;

#[parallel_runner]
impl Buffers {
    fn producer_init() -> Vec<u64> {
        Vec::new()
    }

    fn producer_work(buffer: &mut Vec<u64>, item: u64) -> &[u64] {
        buffer.push(item);
        buffer
    }
}

fn main() -> Result<(), easycore::Error> {
    for buffer in Buffers::new(2).run(0..10)? {
        assert!(!buffer.is_empty());
    }
    Ok(())
}
