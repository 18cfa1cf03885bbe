//! U5: a request that was cancelled is completed, nothing else.

use umdf_callback::request::{Canceled, IoTarget, Other, Request};

pub fn send(request: Request<Other, Canceled>, target: &IoTarget) {
    drop(target.format(request)); //~ ERROR: a request that is `Canceled` is not as it came
}
