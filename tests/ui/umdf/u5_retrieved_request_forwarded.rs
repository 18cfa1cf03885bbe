//! U5: a request that was taken from a manual queue is not forwarded.

use umdf_callback::IoQueue;
use umdf_callback::request::{Read, Request, Retrieved};

pub fn read(request: Request<Read, Retrieved>, queue: &IoQueue) {
    drop(request.forward(queue)); //~ ERROR: no method named `forward` found
}
