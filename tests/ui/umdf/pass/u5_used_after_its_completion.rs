//! U5: a completed request is gone.

use umdf_callback::request::{Read, Request};

pub fn read(request: Request<Read>) -> u32 {
    let process = request.process_id();
    request.complete();
    process
}
