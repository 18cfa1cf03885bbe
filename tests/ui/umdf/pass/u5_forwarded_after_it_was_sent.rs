//! U5: a request that was sent does not go into a queue any more.

use umdf_callback::IoQueue;
use umdf_callback::request::{Completed, Read, Request, Returned};

pub fn back(read: Completed<Request<Read, Returned>, ()>, queue: &IoQueue) {
    println!("{queue:?}");
    let (request, ()) = read.into_parts();
    request.complete();
}
