//! U5: a request that the driver has made has no memory of its own.

use umdf_callback::File;
use umdf_callback::memory::{Memory, OwnOutput};
use umdf_callback::request::{CreatedRequest, IoTarget};

pub fn send(request: CreatedRequest, target: &IoTarget, file: &File, memory: Memory) {
    println!("{memory:?}");
    drop(target.format_read(request, file, OwnOutput, None)); //~ ERROR: `OwnOutput` is not memory that
}
