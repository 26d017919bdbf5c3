//! The examples of Python's easycore on libtorch give the numbers of a plain loop and of `torch` in Python, and free their models.

mod support;

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, ThreadId};

use easycore::{ErrorKind, HookError, parallel_runner};
use easycore_torch::{Digits, load, net, shipped_model};
use support::{assert_fails, stdout_of};
use tch::nn::{Module, Sequential};
use tch::{CModule, Device, TchError, Tensor};

const WORKERS: [&str; 3] = ["cpu", "cpu,cpu", "cpu,cpu,cpu"];
const TOLERANCE: f64 = 1e-6;

#[test]
fn the_predictors_agree_with_a_plain_loop_however_many_workers_there_are() {
    for devices in WORKERS {
        let on = format!("on {}\nthe same as in a plain loop\n", devices_as_printed(devices));
        assert_eq!(stdout_of("tch_predictor", &[devices]), format!("[300] {on}"));
        assert_eq!(stdout_of("tch_predictor_batches", &[devices]), format!("[100, 3] {on}"));
    }
}

#[test]
fn without_an_argument_the_programs_take_what_there_is() {
    for program in ["tch_predictor", "tch_predictor_batches", "tch_script"] {
        let output = stdout_of(program, &[]);
        let expected = if tch::Cuda::is_available() { "[Cuda(0)" } else { "[Cpu" };
        assert!(output.contains(expected), "{output}");
    }
}

#[test]
fn a_script_gives_the_numbers_of_pytorch_with_a_model_each_and_with_one_for_all() {
    for devices in WORKERS {
        let output = stdout_of("tch_script", &[devices]);
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!(lines.len(), 2, "{output}");
        assert!(
            lines[0].starts_with(&format!("a model each on {}:", devices_as_printed(devices))),
            "{output}"
        );
        assert!(lines[1].starts_with("one for all on cpu"), "{output}");
        for line in lines {
            assert!(line.contains(": 335 of 360 right"), "{line}");
            let difference =
                line.split_once("at most ").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
            assert!(difference.is_some_and(|difference: f64| difference <= TOLERANCE), "{line}");
        }
    }
}

#[test]
fn what_cannot_be_used_is_one_line_that_names_it_and_says_what_to_do() {
    for program in ["tch_predictor", "tch_predictor_batches", "tch_script"] {
        assert_fails(program, &["cpu,cuda:113"], &["producer_init", "cuda:113", "libtorch has"]);
        assert_fails(program, &["gpu"], &["\"gpu\"", "`cuda:N`"]);
    }
    let advice = "`torch/scripts/export.py` makes such files";
    assert_fails("tch_script", &["cpu", "missing.pt"], &["on cpu", "missing.pt: No such file", advice]);
    let no_model = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    assert_fails("tch_script", &["cpu", no_model], &["on cpu", no_model, "zip archive", advice]);
}

fn devices_as_printed(devices: &str) -> String {
    format!("[{}]", devices.replace("cpu", "Cpu").replace(',', ", "))
}

struct Model {
    net: Sequential,
    ended: Sender<ThreadId>,
    /// Dropped after the network, as fields are in their order.
    alive: Arc<()>,
}

#[parallel_runner(config = (Sender<ThreadId>, Arc<()>))]
impl Predictor {
    fn producer_init(
        device: Device,
        (ended, alive): &(Sender<ThreadId>, Arc<()>),
    ) -> Result<Model, TchError> {
        Ok(Model { net: net(device)?, ended: ended.clone(), alive: Arc::clone(alive) })
    }
    fn producer_work(model: &mut Model, input: f32) -> Result<Tensor, TchError> {
        Ok(model.net.forward(&Tensor::f_from_slice(&[input])?))
    }
    fn producer_end(model: Model) {
        let Model { net, ended, alive } = model;
        drop(net);
        drop(alive);
        ended.send(thread::current().id()).expect("the test listens");
    }
}

#[test]
fn outputs_are_what_arithmetic_says_and_carry_no_gradients() -> Result<(), HookError> {
    assert!(net(Device::Cpu)?.forward(&Tensor::from_slice(&[1.0_f32])).requires_grad(), "weights want them");
    let inputs = || (-50..50_i8).map(|input| f32::from(input) / 10.0);
    for workers in 1..=3 {
        let mut predictor = Predictor::new(workers, (channel().0, Arc::default()));
        let outputs: Vec<Tensor> = predictor.stream(inputs()).collect::<Result<_, _>>()?;
        assert_eq!(outputs.len(), 100);
        for (input, output) in inputs().zip(outputs) {
            assert!(!output.requires_grad());
            let expected = [0.5 * input + 0.25, 0.5 - input, 0.25 * input - 0.125].map(|sum| sum.max(0.0));
            assert!(output.f_allclose(&Tensor::from_slice(&expected), TOLERANCE, TOLERANCE, false)?);
        }
    }
    Ok(())
}

#[test]
fn every_worker_ends_its_model_on_its_own_thread_when_the_runner_is_closed() -> Result<(), HookError> {
    let ((ended, ends), alive) = (channel(), Arc::new(()));
    let mut predictor = Predictor::new(3, (ended, Arc::clone(&alive)));
    for _ in 0..2 {
        predictor.run([1.0, 2.0, 3.0])?;
        assert_eq!(Arc::strong_count(&alive), 1 + 1 + 3, "here, in the config, in each model");
    }
    assert!(ends.try_recv().is_err(), "models outlive runs");
    predictor.close()?;
    drop(predictor);
    assert_eq!(Arc::strong_count(&alive), 1);
    let threads: Vec<ThreadId> = ends.iter().collect();
    assert_eq!(threads.len(), 3);
    assert!(!threads.contains(&thread::current().id()));
    Ok(())
}

#[parallel_runner(unordered, config = CModule)]
impl OneForAll {
    fn producer_init(device: Device) -> Device {
        device
    }
    fn producer_work(script: &CModule, device: &mut Device, images: Tensor) -> Result<Tensor, TchError> {
        script.forward_ts(&[images.f_to(*device)?])
    }
}

/// libtorch compiles a script anew while it is called for the first few times.
#[test]
fn a_script_that_threads_call_at_the_same_time_for_the_first_time_gives_the_numbers_of_pytorch()
-> Result<(), HookError> {
    let digits = Digits::shipped()?;
    let everything = || (0..6).map(|_| digits.images.shallow_clone()).collect::<Vec<_>>();
    for _ in 0..5 {
        let mut runner = OneForAll::new(3, load(&shipped_model(), Device::Cpu)?);
        for probabilities in runner.run(everything())? {
            assert!(digits.difference(&probabilities)? <= TOLERANCE);
        }
    }
    Ok(())
}

#[test]
fn what_a_script_does_not_take_is_an_error_of_one_line_that_names_the_item() -> Result<(), HookError> {
    let digits = Digits::shipped()?;
    let too_small = digits.images.f_narrow(1, 0, 5)?;
    let mut runner = OneForAll::new(1, load(&shipped_model(), Device::Cpu)?);
    let error = runner.run([digits.images.shallow_clone(), too_small]).expect_err("the second is not 8 x 8");
    assert_eq!((error.kind(), error.item()), (ErrorKind::Work, Some(1)));
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
    assert_eq!(runner.run([digits.images.shallow_clone()])?.len(), 1);
    Ok(())
}
