//! The README's examples, compiled and run: each stands here, or where libtorch is, between two `README` lines, and the last test
//! compares them with the README, word for word.

#![expect(
    clippy::unwrap_used,
    clippy::items_after_statements,
    clippy::unnecessary_wraps,
    reason = "the README shows what a user writes, in one piece"
)]

mod predictor {
    use std::io;

    #[derive(Clone)]
    pub(crate) struct PredictorConfig {
        pub(crate) weights: Vec<u8>,
    }
    #[derive(Debug, Clone)]
    pub(crate) struct Image(pub(crate) u8);
    pub(crate) type NetError = io::Error;
    pub(crate) struct Net {
        weights: Vec<u8>,
    }
    impl Net {
        pub(crate) fn load(weights: &[u8], _device: &easycore::Device) -> Result<Self, NetError> {
            Ok(Self { weights: weights.to_vec() })
        }
        pub(crate) fn predict(&self, image: &Image) -> Result<u8, NetError> {
            Ok(self.weights[0] + image.0)
        }
    }
}

#[test]
fn the_first_example_labels_images_in_order() -> Result<(), easycore::Error> {
    use predictor::{Image, Net, NetError, PredictorConfig};
    let (weights, images, other_images) = (vec![100], (0..50).map(Image), vec![Image(7)]);

    // README
    use easycore::{Device, parallel_runner};

    /// Labels images, one model per device.
    #[parallel_runner(pub, ordered, config = PredictorConfig)]
    impl Predictor {
        fn producer_init(device: &Device, cfg: &PredictorConfig) -> Result<Net, NetError> {
            Net::load(&cfg.weights, device)
        }
        fn producer_work(net: &mut Net, image: Image) -> Result<u8, NetError> {
            net.predict(&image)
        }
        fn consumer_init() -> Vec<u8> {
            Vec::new()
        }
        fn consumer_work(labels: &mut Vec<u8>, label: u8) {
            labels.push(label);
        }
    }

    let mut predictor = Predictor::new(["cuda:0", "cuda:1"], PredictorConfig { weights });
    let labels: Vec<u8> = predictor.run(images)?; // warm: models are loaded once ...
    let more = predictor.run(other_images)?; // ... and serve every later run
    predictor.close()?;
    // README

    assert_eq!(labels, (100..150).collect::<Vec<u8>>());
    assert_eq!(more, [107]);
    Ok(())
}

#[test]
fn the_devices_example_asks_each_worker_where_it_is() -> Result<(), easycore::Error> {
    // README
    use easycore::{Device, Options, Pinning, Worker, parallel_runner};

    #[parallel_runner(unordered)]
    impl WhereAmI {
        fn producer_init(worker: &Worker) -> Worker {
            worker.clone()
        }
        fn producer_work(worker: &mut Worker, _item: u32) -> Device {
            worker.device().clone()
        }
    }

    let mut runner =
        WhereAmI::new("cpu, cpu").options(Options::new().workers_per_device(2).pin(Pinning::IfSupported));
    assert!(runner.run(0..100)?.iter().all(|device| *device == Device::Cpu));
    // README
    assert_eq!(runner.report().unwrap().workers().len(), 4);
    Ok(())
}

#[test]
fn the_stages_example_chains_two_runners() -> Result<(), easycore::Error> {
    use easycore::parallel_runner;

    #[parallel_runner]
    impl Decoder {
        fn producer_work(path: &'static str) -> usize {
            path.len()
        }
    }
    #[parallel_runner]
    impl Predictor {
        fn producer_work(image: usize) -> usize {
            image * 10
        }
    }
    let (mut decoder, mut predictor, paths) = (Decoder::new(2), Predictor::new(2), ["a", "bb"]);

    // README
    let labels = predictor.try_run(decoder.stream(paths))?;
    // README
    assert_eq!(labels, [10, 20]);
    Ok(())
}

#[test]
fn the_errors_example_names_the_item_and_skips_it() -> Result<(), easycore::Error> {
    // README
    use easycore::{ErrorKind, OnError, Options, parallel_runner};

    #[parallel_runner]
    impl Parse {
        fn producer_work(text: &'static str) -> Result<i32, std::num::ParseIntError> {
            text.parse()
        }
    }

    let mut parse = Parse::new(2);
    let error = parse.run(["1", "two", "3"]).unwrap_err();
    assert_eq!((error.kind(), error.item()), (ErrorKind::Work, Some(1)));

    let mut parse = parse.options(Options::new().on_error(OnError::skip(10)));
    assert_eq!(parse.run(["1", "two", "3"])?, [1, 3]);
    assert_eq!(parse.report().unwrap().skipped_items()[0].index, 1);
    // README
    Ok(())
}

#[test]
fn the_readme_shows_these_examples_and_no_others() {
    let readme = include_str!("../../README.md");
    let shown: Vec<&str> = readme
        .split("```rust\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default().trim_end())
        .collect();
    let run: Vec<String> = [include_str!("readme.rs"), include_str!("../../torch/tests/readme.rs")]
        .into_iter()
        .flat_map(|tests| tests.split("    // README\n").skip(1).step_by(2))
        .map(|code| {
            let dedented: Vec<&str> =
                code.lines().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
            dedented.join("\n").trim_end().to_owned()
        })
        .collect();
    for block in &shown {
        assert!(run.iter().any(|code| code == block), "no test runs this example of the README:\n{block}");
    }
    for code in &run {
        assert!(shown.contains(&code.as_str()), "the README does not show this example:\n{code}");
    }
}
