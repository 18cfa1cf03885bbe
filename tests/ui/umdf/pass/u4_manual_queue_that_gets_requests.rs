//! U4: to a manual queue nothing is delivered.

use umdf_callback::Queue;
use umdf_callback::callback::QueueDefaultIoHandler;
use umdf_callback::queue_callback;
use umdf_callback::request::{Other, Request};

pub struct Context;

impl QueueDefaultIoHandler for Context {
    fn on_default_io(&self, _: &Queue<'_, Self>, request: Request<Other>) {
        request.complete();
    }
}

queue_callback!(Context);
