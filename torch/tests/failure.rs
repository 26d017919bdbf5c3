//! What becomes of a run when libtorch fails in a worker.

use std::thread;

use easycore::{ErrorKind, HookError, OnError, Options, parallel_runner};
use easycore_torch::{load, shipped_model};
use tch::{CModule, Device, Kind, Tensor};

/// More bytes than there are addresses.
const TOO_LARGE: i64 = 1 << 50;

/// Takes as many bytes as each item says.
#[parallel_runner]
impl Allocate {
    fn producer_init(device: Device) -> Device {
        device
    }
    fn producer_work(device: &mut Device, bytes: i64) -> Result<i64, tch::TchError> {
        let memory = Tensor::f_empty([bytes], (Kind::Uint8, *device))?;
        Ok(memory.numel().try_into().unwrap_or_default())
    }
}

/// A matrix of three columns, which multiplies rows of three only.
struct Layer {
    weight: Tensor,
    made_on: thread::ThreadId,
}

#[parallel_runner]
impl Multiply {
    fn producer_init(device: Device) -> Layer {
        Layer { weight: Tensor::ones([3, 1], (Kind::Float, device)), made_on: thread::current().id() }
    }
    fn producer_work(layer: &mut Layer, row: Vec<f32>) -> Result<f64, tch::TchError> {
        let columns = i64::try_from(row.len()).unwrap_or_default();
        Tensor::from_slice(&row).reshape([1, columns]).matmul(&layer.weight).sum(Kind::Float).try_into()
    }
    fn producer_end(layer: Layer) {
        assert_eq!(layer.made_on, thread::current().id());
    }
}

#[test]
fn memory_that_runs_out_is_the_error_of_its_item_and_the_next_run_works() -> Result<(), HookError> {
    let mut runner = Allocate::new(2);
    let error = runner.run([10, 20, TOO_LARGE, 40]).expect_err("nobody has so much");
    assert_eq!((error.kind(), error.item(), error.is_panic()), (ErrorKind::Work, Some(2), false));
    let text = error.to_string();
    assert!(text.contains("item 2 on cpu") && text.contains("memory"), "{text}");
    assert!(!text.contains('\n') && text.len() < 300, "one line that can be read: {text}");
    assert_eq!(runner.run([10, 20])?, [10, 20]);
    Ok(())
}

#[test]
fn memory_that_runs_out_can_be_skipped_while_the_others_go_on() -> Result<(), HookError> {
    let mut runner = Allocate::new(2).options(Options::new().on_error(OnError::skip(1)));
    let sizes = (1..=100).map(|size| if size == 50 { TOO_LARGE } else { size });
    assert_eq!(runner.run(sizes)?.len(), 99);
    let skipped = runner.report().ok_or("there was a run")?.skipped_items();
    assert_eq!(skipped.iter().map(|failed| failed.index).collect::<Vec<_>>(), [49]);
    Ok(())
}

#[parallel_runner]
impl Script {
    fn producer_init(device: Device) -> Result<CModule, HookError> {
        load(&shipped_model(), device)
    }
    fn producer_work(script: &mut CModule, side: i64) -> Result<Vec<i64>, tch::TchError> {
        Ok(script.forward_ts(&[Tensor::f_zeros([1, side, side], (Kind::Float, Device::Cpu))?])?.size())
    }
}

#[test]
fn a_torch_script_that_fails_says_why_in_one_line() -> Result<(), HookError> {
    let mut runner = Script::new(2);
    let error = runner.run([8, 1]).expect_err("an image of one pixel is too small");
    assert_eq!((error.kind(), error.item(), error.is_panic()), (ErrorKind::Work, Some(1), false));
    let text = error.to_string();
    assert!(text.contains("item 1 on cpu") && text.contains("Output size is too small"), "{text}");
    assert!(!text.contains('\n') && text.len() < 300, "one line that can be read: {text}");
    assert_eq!(runner.run([8])?, [[1, 10]]);
    Ok(())
}

#[test]
fn a_panic_inside_libtorch_is_an_error_and_the_next_run_works() -> Result<(), HookError> {
    let mut runner = Multiply::new(2);
    let error = runner.run([vec![1.0; 3], vec![1.0; 4]]).expect_err("the shapes do not fit");
    assert_eq!((error.kind(), error.item(), error.is_panic()), (ErrorKind::Work, Some(1), true));
    let text = error.to_string();
    assert!(text.contains("panicked at item 1 on cpu") && text.contains("mat1 and mat2 shapes"), "{text}");
    assert!(!text.contains('\n') && text.len() < 300, "one line that can be read: {text}");
    assert_eq!(runner.run([vec![2.0; 3]])?, [6.0]);
    runner.close()?;
    Ok(())
}
