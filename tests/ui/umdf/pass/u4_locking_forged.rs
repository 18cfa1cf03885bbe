//! U4: what a locking constraint serialises is the framework's business.

use std::cell::Cell;

use umdf_callback::lock::{DeviceLevel, Fits};

pub struct Context(pub Cell<u32>);

pub fn fits(context: Context) -> impl Fits<DeviceLevel> {
    context
}
