//! U3: what a device is configured with ends with the call.

use std::sync::Mutex;

use umdf_callback::{AddedDevice, DeviceInit, Driver, Result, device_callback};

pub struct Context;

device_callback!(Context);

#[derive(Default)]
pub struct Sample {
    kept: Mutex<Vec<DeviceInit<'static>>>,
}

impl Driver for Sample {
    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        self.kept.lock().unwrap().clear();
        Ok(init.create_device(Context)?.into())
    }
}
