//! U5: a read has no input.

use umdf_callback::Result;
use umdf_callback::request::{Read, Request};

pub fn read(request: &mut Request<Read>) -> Result<usize> {
    Ok(request.output()?.len())
}
