//! U10: a file that the driver has opened is closed once, and not used afterwards.

use umdf_callback::{Device, Result};

pub fn open(device: &Device) -> Result<String> {
    let file = device.create_file(None)?;
    file.close();
    file.name() //~ ERROR: borrow of moved value
}
