//! The consumer expects another type than the producer makes.

use easycore::parallel_runner;

#[parallel_runner]
impl Joined {
    fn producer_work(item: u64) -> u64 {
        item * item
    }

    fn consumer_init() -> String {
        String::new()
    }

    fn consumer_work(joined: &mut String, word: String) {
        joined.push_str(&word);
    }
}

fn main() -> Result<(), easycore::Error> {
    let joined: String = Joined::new(2).run(0..100)?;
    assert!(!joined.is_empty());
    Ok(())
}
