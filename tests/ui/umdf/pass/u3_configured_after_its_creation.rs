//! U3: a device is configured before it is made.

use umdf_callback::{AddedDevice, DeviceInit, Result, device_callback};

pub struct Context;

device_callback!(Context);

pub fn add(mut init: DeviceInit<'_>) -> Result<AddedDevice<'_>> {
    init.set_power_policy_ownership(false);
    let device = init.create_device(Context)?;
    Ok(device.into())
}
