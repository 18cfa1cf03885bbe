//! U5: a request's memory is released before the request is completed.

use umdf_callback::Result;
use umdf_callback::request::{Request, Write};

pub fn write(request: Request<Write>) -> Result<Vec<u8>> {
    let input = request.input()?;
    let bytes = input.to_vec();
    drop(input);
    request.complete();
    bytes
}
