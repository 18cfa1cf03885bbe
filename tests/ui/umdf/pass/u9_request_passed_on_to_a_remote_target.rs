//! U9: a request is passed on as it came to the driver below, not to another device.

use umdf_callback::memory::OwnOutput;
use umdf_callback::remote::RemoteTarget;
use umdf_callback::request::{Read, Request};

pub fn send(request: Request<Read>, target: &RemoteTarget) {
    if let Some(file) = target.file() {
        drop(target.format_read(request, &file, OwnOutput, None));
    }
}
