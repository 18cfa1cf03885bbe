//! U5: a cancelled request can only be completed.

use umdf_callback::request::{Canceled, IoTarget, Other, Request};

pub fn cancel(request: Request<Other, Canceled>, target: &IoTarget) {
    drop(request.send_and_forget(target)); //~ ERROR: but its trait bounds were not satisfied
}
