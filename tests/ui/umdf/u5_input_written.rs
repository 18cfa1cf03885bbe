//! U5: input is read.

use umdf_callback::Result;
use umdf_callback::request::{DeviceIoControl, Request};

pub fn control(request: &mut Request<DeviceIoControl>) -> Result<()> {
    request.input()?.write_at(0, b"x") //~ ERROR: no method named `write_at` found
}
