//! U6: a store that was opened for reading is not written.

use umdf_callback::property::{Missing, Root};
use umdf_callback::{Device, Result};

pub fn calibrate(device: &Device) -> Result<()> {
    let store = device.read_property_store(Root::Software, None)?;
    store.set("Calibrated", 1) //~ ERROR: its trait bounds were not satisfied
}
