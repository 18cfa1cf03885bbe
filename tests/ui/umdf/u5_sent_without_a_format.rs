//! U5: a request is formatted before it is sent.

use umdf_callback::File;
use umdf_callback::memory::Memory;
use umdf_callback::request::{CreatedRequest, IoTarget, SendOptions};

pub fn send(request: CreatedRequest, target: &IoTarget, file: &File, memory: Memory) {
    println!("{target:?} {file:?} {memory:?}");
    let sent = request.send_synchronously(SendOptions::new()); //~ ERROR: no method named `send_synchronously` found
    println!("{sent:?}");
}
