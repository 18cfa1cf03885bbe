//! U5: a cancelled request can only be completed.

use umdf_callback::request::{Canceled, IoTarget, Other, Request};

pub fn cancel(request: Request<Other, Canceled>, _target: &IoTarget) {
    request.fail(umdf_callback::request::CANCELED);
}
