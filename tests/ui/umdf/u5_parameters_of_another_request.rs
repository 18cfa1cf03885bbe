//! U5: a read has no parameters of a create request.

use umdf_callback::request::{Read, Request};

pub fn access(request: &Request<Read>) -> Option<u32> {
    request.parameters().desired_access //~ ERROR: no field `desired_access` on type
}
