//! U10: buffers that are copied at once are not the program's own.

use umdf_callback::{BufferAccess, IoPreference};

pub fn preference() -> IoPreference {
    IoPreference::CopyImmediately {
        read_write: BufferAccess::Direct, //~ ERROR: has no field named
        control: BufferAccess::Buffered,  //~ ERROR: has no field named
    }
}
