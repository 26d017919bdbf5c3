//! Items that cannot be copied, to be tried again.

use easycore::parallel_runner;

struct Image(u64);

#[parallel_runner(retries = 2)]
impl Squares {
    fn producer_work(image: Image) -> u64 {
        image.0 * image.0
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut squares = Squares::new(2);
    let all: Vec<u64> = squares.run((0..100).map(Image))?;
    assert_eq!(all.len(), 100);
    squares.close()
}
