//! U5: a request that the driver has made is not sent as it came.

use umdf_callback::File;
use umdf_callback::request::{CreatedRequest, IoTarget};

pub fn send(request: CreatedRequest, target: &IoTarget, file: &File) {
    drop(target.format_write(request, file, (), None));
}
