//! U5: a request that the driver has made is deleted, not completed.

use umdf_callback::request::{Completed, CreatedRequest};

pub fn back(read: Completed<CreatedRequest, ()>) {
    read.pass_on(); //~ ERROR: no method named `pass_on` found
}
