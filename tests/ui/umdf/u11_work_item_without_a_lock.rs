//! U11: a work item's function runs beside everything else.

use umdf_callback::{Device, Result};

pub fn count(device: &Device) -> Result<()> {
    let log = std::cell::RefCell::new(Vec::new());
    device.create_work_item(log, |log, _| log.borrow_mut().push(1))?; //~ ERROR: cannot be shared between threads safely
    Ok(())
}
