//! U5: a request's memory is released before the request is completed.

use umdf_callback::Result;
use umdf_callback::request::{Request, Write};

pub fn write(request: Request<Write>) -> Result<Vec<u8>> {
    let input = request.input()?;
    request.complete_with_information(1); //~ ERROR: cannot move out of `request` because it is borrowed
    input.to_vec()
}
