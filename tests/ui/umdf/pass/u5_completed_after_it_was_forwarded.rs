//! U5: a forwarded request is the queue's.

use umdf_callback::IoQueue;
use umdf_callback::request::{Read, Request};

pub fn read(request: Request<Read>, queue: &IoQueue) {
    if let Err(refused) = request.forward(queue) {
        refused.request.fail(refused.error);
    }
}
