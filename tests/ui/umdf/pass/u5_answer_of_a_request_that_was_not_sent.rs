//! U5: an output is read when a lower driver has written it.

use umdf_callback::Result;
use umdf_callback::request::{IoTarget, Read, Request, SendOptions};

pub fn read(request: Request<Read>, target: &IoTarget) -> Result<usize> {
    let Ok(read) = target
        .format(request)
        .send_synchronously(SendOptions::new())
    else {
        return Ok(0);
    };
    let (request, ()) = read.into_parts();
    Ok(request.answer()?.len())
}
