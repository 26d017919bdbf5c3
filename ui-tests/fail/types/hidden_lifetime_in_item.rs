//! A borrowed item whose lifetime does not show.

use easycore::parallel_runner;

struct Frame<'a>(&'a [u8]);

#[parallel_runner]
impl Lengths {
    fn producer_work(frame: Frame) -> usize {
        frame.0.len()
    }
}

fn main() -> Result<(), easycore::Error> {
    let bytes = [1, 2, 3];
    let all: Vec<usize> = Lengths::new(2).run([Frame(&bytes)])?;
    assert_eq!(all, [3]);
    Ok(())
}
