//! U5: a request that the driver's own requests share is completed by whoever has it alone.

use std::sync::Arc;

use umdf_callback::memory::OutputOf;
use umdf_callback::request::{Completed, CreatedRequest, Delivered, Read};

pub fn back(read: Completed<CreatedRequest, OutputOf<Read, Delivered>>) {
    let OutputOf(whole) = read.into_memory();
    if let Some(alone) = Arc::into_inner(whole) {
        alone.complete();
    }
}
