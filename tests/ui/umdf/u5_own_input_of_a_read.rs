//! U5: a read has no input to be sent with.

use umdf_callback::File;
use umdf_callback::memory::OwnInput;
use umdf_callback::request::{IoTarget, Read, Request};

pub fn send(request: Request<Read>, target: &IoTarget, file: &File) {
    drop(target.format_write(request, file, OwnInput, None)); //~ ERROR: has no input to read
}
