//! U5: a write has no output.

use umdf_callback::Result;
use umdf_callback::request::{Request, Write};

pub fn write(request: &mut Request<Write>) -> Result<usize> {
    Ok(request.input()?.len())
}
