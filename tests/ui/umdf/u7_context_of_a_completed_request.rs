//! U7: a request's context ends with the request.

use umdf_callback::Result;
use umdf_callback::context::WithContext;
use umdf_callback::request::{Read, Request};

pub fn finish(request: Request<Read>) -> Result<usize> {
    request.complete();
    let bytes = request.context::<Vec<u8>>()?; //~ ERROR: borrow of moved value
    Ok(bytes.len())
}
