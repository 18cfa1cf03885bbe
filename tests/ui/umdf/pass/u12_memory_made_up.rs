//! U12: only memory that the system has assigned to the device is mapped.

use umdf_callback::hardware::{Caching, MemoryResource, Registers, Resource};
use umdf_callback::{Device, Result};

pub fn map(device: &Device, resource: Resource) -> Result<Option<Registers>> {
    let Resource::Memory(memory) = resource else {
        return Ok(None);
    };
    let memory: MemoryResource = memory;
    device.map_io_space(&memory, Caching::NonCached).map(Some)
}
