//! U3: Ok is said with the device of this call.

use umdf_callback::{AddedDevice, DeviceInit, Result, device_callback};

pub struct Context;

device_callback!(Context);

pub fn add<'a, 'b>(
    one: DeviceInit<'a>,
    other: DeviceInit<'b>,
) -> Result<(AddedDevice<'a>, AddedDevice<'b>)> {
    let one = one.create_device(Context)?;
    let other = other.create_device(Context)?;
    Ok((other.into(), one.into()))
    //~^ ERROR: lifetime may not live long enough
    //~| ERROR: lifetime may not live long enough
}
