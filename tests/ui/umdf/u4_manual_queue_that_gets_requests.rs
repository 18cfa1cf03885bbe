//! U4: to a manual queue nothing is delivered.

use umdf_callback::Queue;
use umdf_callback::callback::QueueDefaultIoHandler;
use umdf_callback::manual_queue_callback;
use umdf_callback::request::{Other, Request};

pub struct Context;

impl QueueDefaultIoHandler for Context {
    fn on_default_io(&self, _: &Queue<'_, Self>, request: Request<Other>) {
        request.complete();
    }
}

manual_queue_callback!(Context); //~ ERROR: evaluation panicked: the callback object of a manual queue gets no requests delivered
