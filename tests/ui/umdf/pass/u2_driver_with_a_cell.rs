//! U2: the driver callback object is told of devices on any thread.

use std::sync::atomic::AtomicU32 as Counter;

use umdf_callback::{AddedDevice, DeviceInit, Driver, Result, device_callback};

pub struct Context;

device_callback!(Context);

#[derive(Default)]
pub struct Sample(Counter);

impl Driver for Sample {
    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        Ok(init.create_device(Context)?.into())
    }
}
