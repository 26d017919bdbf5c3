//! A worker's state that borrows from its device.

use easycore::{Device, parallel_runner};

#[parallel_runner]
impl Names {
    fn producer_init(device: &Device) -> &Device {
        device
    }

    fn producer_work(device: &mut &Device, item: u64) -> String {
        format!("{device}: {item}")
    }
}

fn main() -> Result<(), easycore::Error> {
    let all: Vec<String> = Names::new(2).run(0..10)?;
    assert_eq!(all.len(), 10);
    Ok(())
}
