//! U5: a request is completed once.

use umdf_callback::request::{Read, Request};

pub fn read(request: Request<Read>) {
    request.complete();
    request.complete_with_information(1); //~ ERROR: use of moved value: `request`
}
