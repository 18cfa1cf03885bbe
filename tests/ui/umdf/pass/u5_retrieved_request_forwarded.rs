//! U5: a request that was taken from a manual queue is not forwarded.

use umdf_callback::IoQueue;
use umdf_callback::request::{Delivered, Read, Request};

pub fn read(request: Request<Read, Delivered>, queue: &IoQueue) {
    drop(request.forward(queue));
}
