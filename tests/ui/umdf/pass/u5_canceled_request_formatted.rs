//! U5: a request that was cancelled is not sent for something else.

use umdf_callback::File;
use umdf_callback::request::{Delivered, IoTarget, Other, Request};

pub fn send(request: Request<Other, Delivered>, target: &IoTarget, file: &File) {
    drop(target.format_read(request, file, (), None));
}
