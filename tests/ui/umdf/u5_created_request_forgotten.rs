//! U5: a request that the driver has made is not sent as it came.

use umdf_callback::File;
use umdf_callback::request::{CreatedRequest, IoTarget};

pub fn send(request: CreatedRequest, target: &IoTarget, file: &File) {
    println!("{file:?}");
    drop(request.send_and_forget(target)); //~ ERROR: no method named `send_and_forget` found
}
