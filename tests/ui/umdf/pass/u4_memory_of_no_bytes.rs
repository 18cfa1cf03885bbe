//! U4: no memory of no bytes is made.

use std::num::NonZeroUsize;

use umdf_callback::memory::Memory;
use umdf_callback::{DriverObject, Result};

pub fn memory(driver: &DriverObject) -> Result<Memory> {
    driver.create_memory(NonZeroUsize::MIN)
}
