//! U3: Ok is said with the device that was made, and with nothing else.

use std::marker::PhantomData;

use umdf_callback::{AddedDevice, DeviceInit, Result, device_callback};

pub struct Context;

device_callback!(Context);

pub fn add(init: DeviceInit<'_>) -> Result<AddedDevice<'_>> {
    let device = init.create_device(Context)?;
    drop(device);
    Ok(AddedDevice(PhantomData)) //~ ERROR: cannot initialize a tuple struct which contains private fields
}
