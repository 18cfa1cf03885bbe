//! U10: a file that the driver has opened is closed once, and not used afterwards.

use umdf_callback::{Device, Result};

pub fn open(device: &Device) -> Result<String> {
    let file = device.create_file(None)?;
    let name = file.name();
    file.close();
    name
}
