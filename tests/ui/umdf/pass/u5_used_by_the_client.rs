//! U5: what is done as the client does not call the request.

use umdf_callback::Result;
use umdf_callback::request::{Create, ImpersonationLevel, Request};

pub fn open(mut request: Request<Create>) -> Result<u32> {
    let level = ImpersonationLevel::Identification;
    request.impersonate(level, std::process::id)
}
