//! U5: memory that is borrowed from a request is not sent and left.

use umdf_callback::request::{CreatedRequest, IoTarget, Read, Request, SendOptions};
use umdf_callback::{File, Result};

pub fn read(
    mut whole: Request<Read>,
    part: CreatedRequest,
    target: &IoTarget,
    file: &File,
) -> Result<()> {
    let output = whole.output()?; //~ ERROR: does not live long enough
    if let Ok(formatted) = target.format_read(part, file, output, None) {
        drop(formatted.send(SendOptions::new(), |read| drop(read)));
    }
    Ok(())
}
