//! U5: a request is formatted before it is sent.

use umdf_callback::File;
use umdf_callback::memory::Memory;
use umdf_callback::request::{CreatedRequest, IoTarget, SendOptions};

pub fn send(request: CreatedRequest, target: &IoTarget, file: &File, memory: Memory) {
    if let Ok(formatted) = target.format_read(request, file, memory, None) {
        let sent = formatted.send_synchronously(SendOptions::new());
        println!("{sent:?}");
    }
}
