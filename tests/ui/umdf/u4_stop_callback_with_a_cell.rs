//! U4: nothing says that the stop of a request is serialised.

use std::cell::Cell as Counter;

use umdf_callback::Queue;
use umdf_callback::callback::QueueIoStop;
use umdf_callback::request::{StopAction, Stopped};

pub struct Context(pub Counter<u32>);

impl QueueIoStop for Context {
    //~^ ERROR: cannot be shared between threads safely
    fn on_io_stop(&self, _: &Queue<'_, Self>, _: Stopped<'_>, _: StopAction) {}
}
