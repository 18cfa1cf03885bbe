//! U5: a request that is marked cancelable is somebody else's, too.

use umdf_callback::Queue;
use umdf_callback::callback::{QueueRead, RequestCancel};
use umdf_callback::request::{Canceled, Other, Read, Request};

pub struct Context;

impl QueueRead for Context {
    fn on_read(&self, queue: &Queue<'_, Self>, request: Request<Read>, _length: usize) {
        let marked = request.mark_cancelable(queue);
        drop(marked);
    }
}

impl RequestCancel for Context {
    fn on_cancel(&self, request: Request<Other, Canceled>) {
        request.complete();
    }
}
