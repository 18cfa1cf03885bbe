//! U11: a work item's function runs beside everything else.

use umdf_callback::{Device, Result};

pub fn count(device: &Device) -> Result<()> {
    let log = std::sync::Mutex::new(Vec::new());
    device.create_work_item(log, |log, _| log.lock().unwrap().push(1))?;
    Ok(())
}
