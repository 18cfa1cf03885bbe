//! U4: requests are retrieved from manual queues.

use umdf_callback::callback::QueueDefaultIoHandler;
use umdf_callback::request::{Other, Request};
use umdf_callback::{ManualQueue, Queue, Result, queue_callback};

pub struct Context(ManualQueue);

impl QueueDefaultIoHandler for Context {
    fn on_default_io(&self, queue: &Queue<'_, Self>, request: Request<Other>) {
        request.complete();
        let _ = queue.state();
        let next = self.0.retrieve_next();
        drop::<Result<_>>(next);
    }
}

queue_callback!(Context);
