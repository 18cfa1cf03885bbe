//! U5: memory that was sent is the request's until that is back.

use umdf_callback::memory::Memory;
use umdf_callback::request::{CreatedRequest, IoTarget, SendOptions};
use umdf_callback::{File, Result};

pub fn write(
    request: CreatedRequest,
    target: &IoTarget,
    file: &File,
    mut memory: Memory,
) -> Result<()> {
    memory.write_at(0, b"1")?;
    if let Ok(formatted) = target.format_write(request, file, memory, None) {
        drop(formatted.send(SendOptions::new(), |write| drop(write.into_memory())));
    }
    Ok(())
}
