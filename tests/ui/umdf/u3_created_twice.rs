//! U3: one device for each call.

use umdf_callback::{AddedDevice, DeviceInit, Result, device_callback};

pub struct Context;

device_callback!(Context);

pub fn add(init: DeviceInit<'_>) -> Result<AddedDevice<'_>> {
    let device = init.create_device(Context)?;
    let _second = init.create_device(Context)?; //~ ERROR: use of moved value: `init`
    Ok(device.into())
}
