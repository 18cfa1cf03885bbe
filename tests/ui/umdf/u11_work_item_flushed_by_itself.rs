//! U11: a work item's function does not wait for itself.

use umdf_callback::{Device, Result};

pub fn again(device: &Device) -> Result<()> {
    device.create_work_item((), |(), item| item.flush())?; //~ ERROR: no method named `flush` found
    Ok(())
}
