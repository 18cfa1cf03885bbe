//! U4: what is called when a queue is stopped runs on any thread.

use std::sync::Arc;

use umdf_callback::{IoQueue, Result};

pub fn stop(queue: &IoQueue) -> Result<()> {
    let count = Arc::new(1);
    queue.stop_then(move |_, _| println!("{count}"))
}
