//! U5: what is done as the client does not call the request.

use umdf_callback::Result;
use umdf_callback::request::{Create, ImpersonationLevel, Request};

pub fn open(mut request: Request<Create>) -> Result<u32> {
    let level = ImpersonationLevel::Identification;
    request.impersonate(level, || request.process_id()) //~ ERROR: cannot borrow `request` as mutable because it is also borrowed as immutable
}
