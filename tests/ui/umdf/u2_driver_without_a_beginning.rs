//! U2: the class factory makes the driver callback object out of nothing.

use umdf_callback::{AddedDevice, DeviceInit, Driver, Result, device_callback};

pub struct Context;

device_callback!(Context);

#[derive(Debug)]
pub struct Sample(u32);

impl Driver for Sample {
    //~^ ERROR: Default` is not satisfied
    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        Ok(init.create_device(Context)?.into())
    }
}
