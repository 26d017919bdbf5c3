//! Input that can be split and does not tell the truth about how many items it has: whatever comes of its run, no state and no
//! other run suffers from it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use easycore::{Chunk, ErrorKind, Options};
use easycore_tests::{JobRunner, identity, watched};
use rayon::iter::plumbing::{Consumer, Producer, ProducerCallback, UnindexedConsumer, bridge};
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

/// Says that it has another number of items than it has.
#[derive(Debug)]
struct Liar {
    items: usize,
    says: fn(usize) -> usize,
}

impl ParallelIterator for Liar {
    type Item = usize;

    fn drive_unindexed<C: UnindexedConsumer<usize>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }
}

impl IndexedParallelIterator for Liar {
    fn len(&self) -> usize {
        self.items
    }

    fn drive<C: Consumer<usize>>(self, consumer: C) -> C::Result {
        bridge(self, consumer)
    }

    fn with_producer<CB: ProducerCallback<usize>>(self, callback: CB) -> CB::Output {
        callback.callback(self)
    }
}

impl Producer for Liar {
    type Item = usize;
    type IntoIter = Self;

    fn into_iter(self) -> Self {
        self
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        (Self { items: index, ..self }, Self { items: self.items - index, ..self })
    }
}

impl Iterator for Liar {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.items = self.items.checked_sub(1)?;
        Some(self.items)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let says = (self.says)(self.items);
        (says, Some(says))
    }
}

impl DoubleEndedIterator for Liar {
    fn next_back(&mut self) -> Option<usize> {
        self.next()
    }
}

impl ExactSizeIterator for Liar {
    fn len(&self) -> usize {
        let says = self.size_hint().0;
        assert!(says < 1_000, "even its length panics");
        says
    }
}

#[test]
fn input_that_lies_about_its_length_leaves_no_state_and_no_run_behind() {
    let lies: [fn(usize) -> usize; 5] =
        [|_| 0, |items| items + 5, |items| items.saturating_sub(1), |items| 100 - items, |_| 1_000];
    for (number, says) in lies.into_iter().enumerate() {
        watched(format!("lie {number}"), move || {
            let plan = identity();
            let books = plan.books();
            let options = Options::new().chunk(Chunk::Exactly(10));
            let mut runner = JobRunner::<usize, usize, true>::new(2, plan).options(options);
            // Whatever comes of it.
            let _ = catch_unwind(AssertUnwindSafe(|| runner.run_indexed(Liar { items: 40, says }).map(drop)));
            assert_eq!(runner.run(0..100).expect("this input is honest").len(), 100);
            drop(runner);
            books.assert_all_ended();
        });
    }
}

#[test]
fn input_whose_length_cannot_be_told_is_an_error_of_the_input() {
    watched("more than fits", || {
        let mut runner = JobRunner::<usize, usize, true>::new(1, identity());
        let error = runner
            .run_indexed((0..usize::MAX).into_par_iter().chain(0..5))
            .expect_err("its length overflows");
        assert_eq!((error.kind(), error.is_panic()), (ErrorKind::Input, true));
        assert_eq!(runner.run(0..3).expect("nothing fails").len(), 3);
    });
}
