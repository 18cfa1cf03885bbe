//! U4: what a device's locking constraint is, a kept `Device` does not know.

use std::cell::Cell;

use umdf_callback::callback::QueueDefaultIoHandler;
use umdf_callback::lock::DeviceLevel;
use umdf_callback::request::{Other, Request};
use umdf_callback::{Device, DeviceHandle, Dispatch, Queue, QueueConfig, Result, queue_callback};

pub struct Counter(Cell<u32>);

impl QueueDefaultIoHandler for Counter {
    fn on_default_io(&self, _queue: &Queue<'_, Self>, request: Request<Other>) {
        self.0.set(self.0.get() + 1);
        request.complete();
    }
}

queue_callback!(Counter);

pub fn add(device: &DeviceHandle<DeviceLevel>) -> Result<()> {
    let config = QueueConfig::secondary();
    device.create_queue(config, Dispatch::Parallel, Counter(Cell::new(0)))?;
    Ok(())
}

pub fn keep(device: &DeviceHandle<DeviceLevel>) -> Device {
    Device::clone(device)
}
