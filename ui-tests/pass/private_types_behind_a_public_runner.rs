//! A public runner whose states, config and data are all private.

#![deny(warnings, clippy::pedantic, unreachable_pub, missing_docs)]

/// A module with a runner.
pub mod runner {
    use easycore::parallel_runner;

    struct Settings(u64);
    struct Model(u64);
    struct Item(u64);
    struct Output(u64);
    struct Total(u64);
    struct Summary(u64);

    /// Everything but its name is private.
    #[parallel_runner(pub, config = Settings)]
    impl Private {
        fn producer_init(_: &easycore::Device, cfg: &Settings) -> Model {
            Model(cfg.0)
        }
        fn producer_work(model: &mut Model, item: Item) -> Output {
            Output(model.0 + item.0)
        }
        fn consumer_init() -> Total {
            Total(0)
        }
        fn consumer_work(total: &mut Total, output: Output) {
            total.0 += output.0;
        }
        fn consumer_end(total: Total) -> Summary {
            Summary(total.0)
        }
    }

    /// What the module does with it.
    ///
    /// # Errors
    /// None, in fact.
    pub fn total() -> Result<u64, easycore::Error> {
        let mut runner = Private::new(2, Settings(1));
        let mut total = Total(0);
        runner.run_into(&mut total, [Item(1)])?;
        Ok(total.0 + runner.run([Item(2), Item(3)])?.0)
    }
}

fn main() -> Result<(), easycore::Error> {
    assert_eq!(runner::total()?, 9);
    Ok(())
}
