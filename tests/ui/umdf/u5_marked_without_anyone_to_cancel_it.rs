//! U5: who is told of a cancellation is the queue callback object.

use umdf_callback::Queue;
use umdf_callback::callback::{QueueRead, RequestCancel};
use umdf_callback::request::{Canceled, Other, Read, Request};

pub struct Context;

impl QueueRead for Context {
    fn on_read(&self, queue: &Queue<'_, Self>, request: Request<Read>, _length: usize) {
        drop(request.mark_cancelable(queue)); //~ ERROR: the trait bound `Context: RequestCancel` is not satisfied
    }
}

pub struct Elsewhere;

impl RequestCancel for Elsewhere {
    fn on_cancel(&self, request: Request<Other, Canceled>) {
        request.complete();
    }
}
