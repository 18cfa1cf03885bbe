//! U6: a value is a number of 32 bits, a string, strings, or bytes.

use umdf_callback::property::Missing;
use umdf_callback::{Device, Result};

pub fn gain(device: &Device) -> Result<f32> {
    let store = device.property_store(None, Missing::Fail)?;
    store.get("Gain") //~ ERROR: a property is not read as `f32`
}
