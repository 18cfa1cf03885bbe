//! U9: a request is passed on as it came to the driver below, not to another device.

use umdf_callback::remote::RemoteTarget;
use umdf_callback::request::{Read, Request};

pub fn send(request: Request<Read>, target: &RemoteTarget) {
    println!("{:?}", target.file());
    drop(target.format(request)); //~ ERROR: no method named `format` found
}
