//! U5: a request that was cancelled is completed, nothing else.

use umdf_callback::request::{Delivered, IoTarget, Other, Request};

pub fn send(request: Request<Other, Delivered>, target: &IoTarget) {
    drop(target.format(request));
}
