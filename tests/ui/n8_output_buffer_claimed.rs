//! N8: that an address has been probed is the kernel's promise; a driver that forbids `unsafe`
//! cannot make it.

#![forbid(unsafe_code)]

use wdm_safe::Result;
use wdm_safe::user_memory::UserBuffer;

pub fn write(buffer: *mut core::ffi::c_void) -> Result<()> {
    let mut buffer = UserBuffer::new(buffer, 4); //~ ERROR: call to unsafe function
    buffer.write_at(0, &[0; 4])
}
