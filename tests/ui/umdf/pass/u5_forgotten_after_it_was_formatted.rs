//! U5: a request that was formatted is not sent and forgotten any more.

use umdf_callback::request::{Delivered, IoTarget, Read, Request};

pub fn send(request: Request<Read, Delivered>, target: &IoTarget) {
    drop(request.send_and_forget(target));
}
