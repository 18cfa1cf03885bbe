//! U5: a buffer that is still there keeps its request from being completed.

use umdf_callback::Result;
use umdf_callback::request::{Request, Write};

pub fn write(request: Request<Write>) -> Result<()> {
    let input = request.input()?;
    println!("{} bytes", input.len());
    request.complete_with_information(1); //~ ERROR: cannot move out of `request` because it is borrowed
    Ok(())
}
