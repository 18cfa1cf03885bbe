//! U3: a device is configured before it is made.

use umdf_callback::{AddedDevice, DeviceInit, Result, device_callback};

pub struct Context;

device_callback!(Context);

pub fn add(mut init: DeviceInit<'_>) -> Result<AddedDevice<'_>> {
    let device = init.create_device(Context)?;
    init.set_filter(); //~ ERROR: borrow of moved value: `init`
    Ok(device.into())
}
