//! The README's example on libtorch: it stands here between two `README` lines, as `tests/readme.rs` checks.

#![expect(
    clippy::items_after_statements,
    clippy::doc_markdown,
    reason = "the README shows what a user writes, in one piece"
)]

use std::env;

use easycore::HookError;
use tch::Kind;

#[test]
fn the_example_runs_a_model_on_each_gpu_there_is_and_on_processors() -> Result<(), HookError> {
    let folder = env::temp_dir().join(format!("easycore-readme-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    env::set_current_dir(&folder)?;
    let input = Tensor::from_slice(&[1.0_f32, 2.0]);
    CModule::create_by_tracing("Model", "forward", &[input.shallow_clone()], &mut |inputs: &[Tensor]| {
        vec![inputs[0].square()]
    })?
    .save("model.pt")?;

    // README
    use easycore::{Devices, parallel_runner};
    use tch::{CModule, Device, TchError, Tensor};

    /// A TorchScript model, one copy per GPU.
    #[parallel_runner]
    impl Predictor {
        fn producer_init(device: Device) -> Result<(Device, CModule), TchError> {
            Ok((device, CModule::load_on_device("model.pt", device)?))
        }
        fn producer_work((device, model): &mut (Device, CModule), image: Tensor) -> Result<Tensor, TchError> {
            model.forward_ts(&[image.f_to(*device)?])?.f_to(Device::Cpu)
        }
    }

    let mut predictor = Predictor::new(Devices::cudas()); // every GPU that libtorch sees, or this process's share of them
    // README

    if Devices::cudas().is_err() {
        let error = predictor.start().expect_err("there is no GPU");
        assert!(error.to_string().contains("no GPU"), "{error}");
        predictor = Predictor::new(2);
    }
    let outputs = predictor.run([input.shallow_clone(), input * 2])?;
    let sums: Vec<f64> = outputs.iter().map(|output| output.sum(Kind::Float).double_value(&[])).collect();
    assert_eq!(sums, [5.0, 20.0]);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
