//! U10: as often as a device is kept awake, it may sleep again.

use umdf_callback::power::Awake;
use umdf_callback::{Device, Result};

pub fn measure(device: &Device) -> Result<()> {
    let awake: Awake = device.stop_idle(false)?;
    drop((awake, awake)); //~ ERROR: use of moved value
    Ok(())
}
