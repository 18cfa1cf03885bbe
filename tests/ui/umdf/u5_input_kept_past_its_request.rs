//! U5: a request's memory does not outlive it.

use umdf_callback::Result;
use umdf_callback::memory::Input;
use umdf_callback::request::{Request, Write};

pub fn input<'a>(request: Request<Write>) -> Result<Input<'a>> {
    request.input() //~ ERROR: cannot return value referencing function parameter `request`
}
