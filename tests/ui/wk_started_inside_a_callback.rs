//! A worker is an obligation of the driver, which its start takes on, not a callback.

use wdm_safe::{ApcLevel, Init, Result, Worker};

pub fn start(init: &Init<'_>, notified: ApcLevel<'_>) -> Result<Worker<u32>> {
    let _ = (init, notified);
    Worker::start(&notified, 16, |_, _| {}) //~ ERROR: mismatched types
}
