//! U5: an output is read when a lower driver has written it.

use umdf_callback::Result;
use umdf_callback::request::{IoTarget, Read, Request, SendOptions};

pub fn read(request: Request<Read>, target: &IoTarget) -> Result<usize> {
    println!("{target:?}");
    Ok(request.answer()?.len()) //~ ERROR: no method named `answer` found
}
