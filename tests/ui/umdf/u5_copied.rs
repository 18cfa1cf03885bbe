//! U5: there is one of each request.

use umdf_callback::request::{Read, Request};

pub fn read(request: Request<Read>) {
    request.clone().complete(); //~ ERROR: no method named `clone` found
    request.complete();
}
