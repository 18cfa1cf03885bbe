//! U10: buffers that are copied at once are not the program's own.

use umdf_callback::{BufferAccess, IoPreference};

pub fn preference() -> IoPreference {
    IoPreference::Deferred {
        read_write: BufferAccess::Direct,
        control: BufferAccess::Buffered,
    }
}
