//! U9: a request is sent to another device and forgotten by nobody.

use umdf_callback::remote::RemoteTarget;
use umdf_callback::request::{Read, Request};

pub fn send(request: Request<Read>, target: &RemoteTarget) {
    drop(request.send_and_forget(target)); //~ ERROR: mismatched types
}
