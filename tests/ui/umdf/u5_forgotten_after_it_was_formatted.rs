//! U5: a request that was formatted is not sent and forgotten any more.

use umdf_callback::request::{IoTarget, Read, Request, Returned};

pub fn send(request: Request<Read, Returned>, target: &IoTarget) {
    drop(request.send_and_forget(target)); //~ ERROR: the method `send_and_forget` exists
}
