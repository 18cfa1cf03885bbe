//! U5: a completed request is gone.

use umdf_callback::request::{Read, Request};

pub fn read(request: Request<Read>) -> u32 {
    request.complete();
    request.process_id() //~ ERROR: borrow of moved value: `request`
}
