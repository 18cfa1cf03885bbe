//! U5: a request whose memory another request was sent with is completed after that one is gone.

use umdf_callback::request::{CreatedRequest, IoTarget, Read, Request, SendOptions};
use umdf_callback::{File, Result};

pub fn read(
    mut whole: Request<Read>,
    part: CreatedRequest,
    target: &IoTarget,
    file: &File,
) -> Result<()> {
    let output = whole.output()?;
    let Ok(formatted) = target.format_read(part, file, output, None) else {
        return Ok(());
    };
    drop(formatted.send_synchronously(SendOptions::new()));
    whole.complete();
    Ok(())
}
