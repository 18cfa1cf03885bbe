//! U8: a lock is a device's.

use umdf_callback::Device;
use umdf_callback::lock::Lock;

pub fn lock(device: &Device) -> Lock<'_> {
    device.lock()
}
