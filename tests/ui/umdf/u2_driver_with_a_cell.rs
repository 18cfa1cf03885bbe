//! U2: the driver callback object is told of devices on any thread.

use std::cell::Cell as Counter;

use umdf_callback::{AddedDevice, DeviceInit, Driver, Result, device_callback};

pub struct Context;

device_callback!(Context);

#[derive(Default)]
pub struct Sample(Counter<u32>);

impl Driver for Sample {
    //~^ ERROR: cannot be shared between threads safely
    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        Ok(init.create_device(Context)?.into())
    }
}
