//! U5: a stop is answered in its callback.

use std::sync::Mutex;

use umdf_callback::Queue;
use umdf_callback::callback::QueueIoStop;
use umdf_callback::request::{StopAction, Stopped};

pub struct Context(Mutex<Vec<Stopped<'static>>>);

impl QueueIoStop for Context {
    fn on_io_stop(&self, _: &Queue<'_, Self>, stopped: Stopped<'_>, _: StopAction) {
        self.0.lock().unwrap().clear();
        drop(stopped);
    }
}
