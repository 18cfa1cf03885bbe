//! U3: the device that is given back does not outlive the call; a `Device` may.

use std::sync::Mutex;

use umdf_callback::lock::DeviceLevel;
use umdf_callback::{AddedDevice, Device, DeviceInit, Driver, NewDevice, Result, device_callback};

pub struct Context;

device_callback!(Context);

#[derive(Default)]
pub struct Sample {
    kept: Mutex<Vec<Device>>,
    made: Mutex<Vec<NewDevice<'static, DeviceLevel, Context>>>,
}

impl Driver for Sample {
    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        let device = init.create_device(Context)?;
        self.made.lock().unwrap().clear();
        self.made.lock().unwrap().push(device); //~ ERROR: borrowed data escapes outside of method
        Err(umdf_callback::HRESULT(-1).into())
    }
}
