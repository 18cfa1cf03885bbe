//! U5: a request that was completed is not kept when the device stops.

use std::sync::Mutex;

use umdf_callback::Queue;
use umdf_callback::callback::QueueIoStop;
use umdf_callback::request::{Read, Request, StopAction, Stopped};

pub struct Context(Mutex<Vec<Request<Read>>>);

impl QueueIoStop for Context {
    fn on_io_stop(&self, _: &Queue<'_, Self>, stopped: Stopped<'_>, _: StopAction) {
        let Some(request) = self.0.lock().unwrap().pop() else {
            return;
        };
        drop(stopped.keep(&request));
        self.0.lock().unwrap().push(request);
    }
}
