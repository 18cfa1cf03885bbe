//! U9: a request is sent to another device and forgotten by nobody.

use umdf_callback::request::{IoTarget, Read, Request};

pub fn send(request: Request<Read>, target: &IoTarget) {
    drop(request.send_and_forget(target));
}
