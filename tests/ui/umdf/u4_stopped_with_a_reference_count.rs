//! U4: what is called when a queue is stopped runs on any thread.

use std::rc::Rc;

use umdf_callback::{IoQueue, Result};

pub fn stop(queue: &IoQueue) -> Result<()> {
    let count = Rc::new(1);
    queue.stop_then(move |_, _| println!("{count}")) //~ ERROR: `Rc<i32>` cannot be sent between threads safely
}
