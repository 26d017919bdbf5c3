//! What a hook gets that takes `candle_core::Device`, and what becomes of a device that candle does not have.

use candle_core::{Device, Tensor};
use easycore::{Error, ErrorKind, IntoDevices, Options, parallel_runner};

#[parallel_runner]
impl ByReference {
    fn producer_init(device: &Device) -> candle_core::Result<Tensor> {
        Tensor::new(0.5_f64, device)
    }
    fn producer_work(offset: &mut Tensor, item: f64) -> candle_core::Result<f64> {
        (Tensor::new(item, offset.device())? + &*offset)?.to_scalar()
    }
}

#[parallel_runner]
impl ByValue {
    fn producer_init(device: Device) -> Device {
        device
    }
    fn producer_work(device: &mut Device, item: f64) -> candle_core::Result<f64> {
        Tensor::new(item, device)?.sqr()?.to_scalar()
    }
}

#[test]
fn a_hook_takes_the_device_of_candle_by_value_and_by_reference() -> Result<(), Error> {
    assert_eq!(ByReference::new(2).run([1.0, 2.0, 3.0])?, [1.5, 2.5, 3.5]);
    assert_eq!(ByValue::new(2).run([1.0, 2.0, 3.0])?, [1.0, 4.0, 9.0]);
    Ok(())
}

#[test]
fn a_device_that_candle_does_not_have_is_an_error_of_start_that_says_what_there_is() -> Result<(), Error> {
    for device in ["cuda:0", "mps"] {
        let mut runner = ByValue::new(["cpu", device]);
        let error = runner.start().expect_err("candle is built for processors alone here");
        assert_eq!(error.kind(), ErrorKind::Init);
        let text = error.to_string();
        assert!(text.starts_with(&format!("producer_init failed on {device} (worker 1): ")), "{text}");
        assert!(text.contains("only `cpu`"), "{text}");

        let mut runner = runner.options(Options::new().min_devices(1));
        assert_eq!(runner.run([2.0])?, [4.0], "the processor is there");
    }
    Ok(())
}

#[test]
fn devices_of_candle_are_devices() -> Result<(), Error> {
    assert_eq!(Device::Cpu.into_devices()?.as_slice(), [easycore::Device::Cpu]);
    assert_eq!([Device::Cpu, Device::Cpu].into_devices()?.as_slice().len(), 2);
    assert_eq!(ByValue::new(vec![Device::Cpu]).run([3.0])?, [9.0]);
    Ok(())
}
