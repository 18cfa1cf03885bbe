//! U6: only a store that the newer interface opened deletes values.

use umdf_callback::property::{Missing, Root};
use umdf_callback::{Device, Result};

pub fn forget(device: &Device) -> Result<()> {
    let store = device.open_property_store(Root::Hardware(None), None, Missing::Fail)?;
    store.delete("Calibrated")
}
