//! U5: a request that the driver has made is deleted, not completed.

use umdf_callback::request::{Completed, CreatedRequest};

pub fn back(read: Completed<CreatedRequest, ()>) {
    read.into_memory();
}
