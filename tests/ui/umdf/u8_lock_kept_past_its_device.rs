//! U8: a lock is a device's.

use umdf_callback::Device;
use umdf_callback::lock::Lock;

pub fn lock<'a>(device: Device) -> Lock<'a> {
    device.lock() //~ ERROR: cannot return value referencing function parameter
}
