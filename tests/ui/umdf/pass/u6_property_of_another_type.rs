//! U6: a value is a number of 32 bits, a string, strings, or bytes.

use umdf_callback::property::Missing;
use umdf_callback::{Device, Result};

pub fn gain(device: &Device) -> Result<u32> {
    let store = device.property_store(None, Missing::Fail)?;
    store.get("Gain")
}
