//! U1: a context becomes a callback object by `device_callback!`.

use umdf_callback::{AddedDevice, DeviceInit, Result, device_callback};

pub struct Context;
pub struct Other;

device_callback!(Context);

pub fn add(init: DeviceInit<'_>) -> Result<AddedDevice<'_>> {
    Ok(init.create_device(Context)?.into())
}
