//! Whether a pointer leads to a device object is something that only its giver can vouch for.

use core::ptr::NonNull;

use wdm_safe::registry::{DeviceKey, KeyAccess, PhysicalDevice, RegKey};
use wdm_safe::{Passive, Result};
use wdm_sys::_DEVICE_OBJECT as DEVICE_OBJECT;

/// # Safety
/// It is a device object, which exists during the call.
pub unsafe fn open(device: NonNull<DEVICE_OBJECT>, at: Passive<'_>) -> Result<RegKey> {
    // SAFETY: the caller vouches for it.
    let device = unsafe { PhysicalDevice::from_raw(device) };
    RegKey::device_key(&device, DeviceKey::Software, KeyAccess::READ, at)
}
