//! U4: serialised callbacks still run on any thread.

use std::sync::Arc as Count;

use umdf_callback::callback::QueueDefaultIoHandler;
use umdf_callback::request::{Other, Request};
use umdf_callback::{
    AddedDevice, DeviceInit, Dispatch, Queue, QueueConfig, Result, device_callback, queue_callback,
};

pub struct Nothing;

device_callback!(Nothing);

pub struct Context(Count<u32>);

impl QueueDefaultIoHandler for Context {
    fn on_default_io(&self, _: &Queue<'_, Self>, request: Request<Other>) {
        request.complete();
    }
}

queue_callback!(Context);

pub fn add(init: DeviceInit<'_>) -> Result<AddedDevice<'_>> {
    let config = QueueConfig::default_queue();
    let device = init.create_device(Nothing)?;
    let context = Context(Count::new(0));
    device.create_queue(config, Dispatch::Parallel, context)?;
    Ok(device.into())
}
