//! U5: a request that was cancelled is not sent for something else.

use umdf_callback::File;
use umdf_callback::request::{Canceled, IoTarget, Other, Request};

pub fn send(request: Request<Other, Canceled>, target: &IoTarget, file: &File) {
    drop(target.format_read(request, file, (), None)); //~ ERROR: a request that is `Canceled` is not sent
}
