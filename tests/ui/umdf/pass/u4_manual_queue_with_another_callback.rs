//! U4: a manual queue's callback object is no other queue's.

use umdf_callback::callback::QueueDefaultIoHandler;
use umdf_callback::lock::DeviceLevel;
use umdf_callback::request::{Other, Request};
use umdf_callback::{Dispatch, NewDevice, Queue, QueueConfig, Result, queue_callback};

pub struct Context;

impl QueueDefaultIoHandler for Context {
    fn on_default_io(&self, _: &Queue<'_, Self>, request: Request<Other>) {
        request.complete();
    }
}

queue_callback!(Context);

pub fn queues(device: &NewDevice<'_, DeviceLevel>) -> Result<()> {
    let config = QueueConfig::default_queue();
    device.create_queue(config, Dispatch::Sequential, Context)?;
    Ok(())
}
