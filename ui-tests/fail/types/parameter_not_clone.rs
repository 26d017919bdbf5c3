//! Items of a type that the block leaves open, and that need not be copied, to be tried again.

use easycore::parallel_runner;

#[parallel_runner(retries = 1)]
impl<T: Ord + Send + 'static> Sort<T> {
    fn producer_work(mut items: Vec<T>) -> Vec<T> {
        items.sort();
        items
    }
}

fn main() -> Result<(), easycore::Error> {
    let mut sort = Sort::new(2);
    let all: Vec<Vec<u64>> = sort.run([vec![3, 1, 2]])?;
    assert_eq!(all, [[1, 2, 3]]);
    sort.close()
}
