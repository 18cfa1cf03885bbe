//! U5: a read has no parameters of a create request.

use umdf_callback::request::{Create, Request};

pub fn access(request: &Request<Create>) -> Option<u32> {
    request.parameters().desired_access
}
