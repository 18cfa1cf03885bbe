//! U5: the framework makes requests.

use umdf_callback::request::{Read, Request};

pub fn read(request: Request<Read>) {
    request.complete();
}
