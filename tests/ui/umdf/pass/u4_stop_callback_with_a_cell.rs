//! U4: nothing says that the stop of a request is serialised.

use std::sync::atomic::AtomicU32 as Counter;

use umdf_callback::Queue;
use umdf_callback::callback::QueueIoStop;
use umdf_callback::request::{StopAction, Stopped};

pub struct Context(pub Counter);

impl QueueIoStop for Context {
    fn on_io_stop(&self, _: &Queue<'_, Self>, _: Stopped<'_>, _: StopAction) {}
}
