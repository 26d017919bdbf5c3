//! What a hook gets that takes `tch::Device`, and what becomes of a device that libtorch does not have.

use easycore::{Device, Devices, Error, ErrorKind, IntoDevices, Options, parallel_runner};
use tch::Tensor;

#[parallel_runner]
impl ByValue {
    fn producer_init(device: tch::Device) -> tch::Device {
        device
    }
    fn producer_work(device: &mut tch::Device, item: f64) -> Result<f64, tch::TchError> {
        Tensor::f_from_slice(&[item])?.f_to(*device)?.f_square()?.try_into()
    }
}

#[parallel_runner(config = f64)]
impl ByReference {
    fn producer_init(device: &tch::Device, offset: &f64) -> Result<Tensor, tch::TchError> {
        Tensor::f_from_slice(&[*offset])?.f_to(*device)
    }
    fn producer_work(offset: &mut Tensor, item: f64) -> Result<f64, tch::TchError> {
        offset.f_add_scalar(item)?.try_into()
    }
}

#[test]
fn a_hook_takes_the_device_of_libtorch_by_value_and_by_reference() -> Result<(), Error> {
    assert_eq!(ByValue::new(2).run([1.0, 2.0, 3.0])?, [1.0, 4.0, 9.0]);
    assert_eq!(ByReference::new(2, 0.5).run([1.0, 2.0, 3.0])?, [1.5, 2.5, 3.5]);
    Ok(())
}

#[test]
fn a_device_that_libtorch_does_not_have_is_an_error_of_start_that_says_what_there_is() -> Result<(), Error> {
    let mut runner = ByValue::new(["cpu", "cuda:113"]);
    let error = runner.start().expect_err("no machine has so many");
    assert_eq!(error.kind(), ErrorKind::Init);
    assert_eq!(error.device(), Some(&Device::Cuda(113)));
    let text = error.to_string();
    assert!(text.contains("cuda:113") && text.contains("`cpu`"), "{text}");
    assert!(!runner.is_active());

    let mut runner = runner.options(Options::new().min_devices(1));
    assert_eq!(runner.run([2.0])?, [4.0], "the processor is there");
    Ok(())
}

#[test]
fn devices_of_libtorch_are_devices() -> Result<(), Error> {
    assert_eq!(tch::Device::Cpu.into_devices()?.as_slice(), [Device::Cpu]);
    let mixed = [tch::Device::Cpu, tch::Device::Cuda(1), tch::Device::Mps];
    assert_eq!(mixed.into_devices()?.as_slice(), [Device::Cpu, Device::Cuda(1), Device::Mps]);
    assert_eq!(mixed.map(|device| tch::Device::from(Device::try_from(device).expect("it has one"))), mixed);
    let error = [tch::Device::Vulkan].into_devices().expect_err("there is no such device");
    assert_eq!(error.kind(), ErrorKind::Devices);
    Ok(())
}

#[test]
fn without_a_gpu_asking_for_all_of_them_is_an_error_that_says_so() {
    match Devices::cudas() {
        Ok(devices) => assert!(devices.as_slice().iter().all(|device| matches!(device, Device::Cuda(_)))),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Devices);
            assert!(error.to_string().contains("no GPU"), "{error}");
            let deferred = ByValue::new(Devices::cudas()).run([1.0]).expect_err("there are no devices");
            assert_eq!(deferred.to_string(), error.to_string());
        }
    }
}
