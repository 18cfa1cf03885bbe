//! U4: only a manual queue tells of its state.

use umdf_callback::callback::{QueueDefaultIoHandler, QueueStateChange};
use umdf_callback::manual_queue_callback as callback;
use umdf_callback::request::{Other, Request};
use umdf_callback::{Queue, QueueState, queue_callback};

pub struct Context;
pub struct Delivering;

impl QueueDefaultIoHandler for Delivering {
    fn on_default_io(&self, _: &Queue<'_, Self>, request: Request<Other>) {
        request.complete();
    }
}

impl QueueStateChange for Context {
    fn on_state_change(&self, _: &Queue<'_, Self>, _: QueueState) {}
}

callback!(Context);
queue_callback!(Delivering);
