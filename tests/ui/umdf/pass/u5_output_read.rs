//! U5: output is written.

use umdf_callback::Result;
use umdf_callback::request::{DeviceIoControl, Request};

pub fn control(request: &mut Request<DeviceIoControl>) -> Result<()> {
    let mut byte = [0];
    request.input()?.read_at(0, &mut byte)
}
