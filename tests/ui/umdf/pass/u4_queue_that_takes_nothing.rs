//! U4: a queue that delivers requests has an interface to deliver them to.

use umdf_callback::callback::{ObjectCleanup, QueueDefaultIoHandler};
use umdf_callback::request::{Other, Request};
use umdf_callback::{Queue, queue_callback};

pub struct Context;
pub struct Delivering;

impl ObjectCleanup for Context {
    fn on_cleanup(&self) {}
}

impl QueueDefaultIoHandler for Delivering {
    fn on_default_io(&self, _: &Queue<'_, Self>, request: Request<Other>) {
        request.complete();
    }
}

queue_callback!(Delivering);
