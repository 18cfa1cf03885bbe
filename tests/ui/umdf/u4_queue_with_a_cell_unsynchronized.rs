//! U4: callbacks that run at the same time share a context that is Sync.

use std::cell::Cell;

use umdf_callback::callback::QueueDefaultIoHandler;
use umdf_callback::request::{Other, Request};
use umdf_callback::{
    AddedDevice, DeviceInit, Dispatch, Queue, QueueConfig, Result, device_callback, queue_callback,
};

pub struct Nothing;

device_callback!(Nothing);

pub struct Context(Cell<u32>);

impl QueueDefaultIoHandler for Context {
    fn on_default_io(&self, _: &Queue<'_, Self>, request: Request<Other>) {
        request.complete();
    }
}

queue_callback!(Context);

pub fn add(init: DeviceInit<'_>) -> Result<AddedDevice<'_>> {
    let config = QueueConfig::default_queue();
    let device = init.unsynchronized().create_device(Nothing)?;
    let context = Context(Cell::new(0));
    device.create_queue(config, Dispatch::Parallel, context)?; //~ ERROR: `Cell<u32>` cannot be shared between threads safely
    Ok(device.into())
}
