//! U5: what a client has given is not read into.

use umdf_callback::File;
use umdf_callback::memory::Input;
use umdf_callback::request::{CreatedRequest, IoTarget};

pub fn read(request: CreatedRequest, target: &IoTarget, file: &File, input: Input<'_>) {
    drop(target.format_write(request, file, input, None));
}
