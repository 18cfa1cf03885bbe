//! Whether a pointer leads to a device object is something that only its giver can vouch for.

use core::ptr::NonNull;

use wdm_safe::registry::{DeviceKey, KeyAccess, PhysicalDevice, RegKey};
use wdm_safe::{Passive, Result};
use wdm_sys::_DEVICE_OBJECT as DEVICE_OBJECT;

pub fn open(device: NonNull<DEVICE_OBJECT>, at: Passive<'_>) -> Result<RegKey> {
    let device = PhysicalDevice::from_raw(device); //~ ERROR: call to unsafe function
    RegKey::device_key(&device, DeviceKey::Software, KeyAccess::READ, at)
}
