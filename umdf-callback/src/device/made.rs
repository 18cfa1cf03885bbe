//! A device with what is known of how it was made. Header: wudfddi.h, page: nf-wudfddi-iwdfdriver-createdevice.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;

use super::Device;
use crate::Result;
use crate::lock::Fits;
use crate::queue::{
    Dispatch, IoQueue, ManualQueue, ManualQueueCallback, QueueCallback, QueueConfig,
};

/// A device that was just made: its queues are made here, and it is what
/// [`on_device_add`](crate::Driver::on_device_add) gives back, by `.into()`.
///
/// `L` is the device's locking constraint, `T` the type of its callback object.
#[derive(Debug)]
#[must_use = "Driver::on_device_add gives it back"]
pub struct NewDevice<'add, L, T = ()> {
    handle: DeviceHandle<L, T>,
    add: PhantomData<fn(&'add ()) -> &'add ()>,
}

impl<L, T> NewDevice<'_, L, T> {
    pub(super) fn new(handle: DeviceHandle<L, T>) -> Self {
        NewDevice {
            handle,
            add: PhantomData,
        }
    }

    /// The device, to be kept.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.handle.device
    }

    /// The device with what is known of it, to be kept.
    #[must_use]
    pub fn handle(&self) -> DeviceHandle<L, T> {
        self.handle.clone()
    }
}

impl<L, T> Deref for NewDevice<'_, L, T> {
    type Target = DeviceHandle<L, T>;

    fn deref(&self) -> &DeviceHandle<L, T> {
        &self.handle
    }
}

/// A device whose locking constraint `L` and whose callback object's type `T` are known: what may be done with any [`Device`],
/// and what depends on these two. [`NewDevice::handle`] gives it.
pub struct DeviceHandle<L, T = ()> {
    device: Device,
    is: PhantomData<fn() -> (L, T)>,
}

impl<L, T> DeviceHandle<L, T> {
    pub(super) fn new(device: Device) -> Self {
        DeviceHandle {
            device,
            is: PhantomData,
        }
    }

    /// Makes a queue that hands its requests to `callback`. Page: nf-wudfddi-iwdfdevice-createioqueue.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_queue<Q>(
        &self,
        config: QueueConfig,
        dispatch: Dispatch,
        callback: Q,
    ) -> Result<IoQueue>
    where
        Q: QueueCallback + Fits<L>,
    {
        config.create(&self.device.0, dispatch, callback)
    }

    /// Makes a queue from which the driver takes requests when it likes. Page: nf-wudfddi-iwdfdevice-createioqueue.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_manual_queue<Q>(&self, config: QueueConfig, callback: Q) -> Result<ManualQueue>
    where
        Q: ManualQueueCallback + Fits<L>,
    {
        config
            .create_manual(&self.device.0, callback)
            .map(ManualQueue)
    }
}

impl<L, T> Deref for DeviceHandle<L, T> {
    type Target = Device;

    fn deref(&self) -> &Device {
        &self.device
    }
}

impl<L, T> Clone for DeviceHandle<L, T> {
    fn clone(&self) -> Self {
        DeviceHandle::new(self.device.clone())
    }
}

impl<L, T> fmt::Debug for DeviceHandle<L, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeviceHandle").field(&self.device.0).finish()
    }
}
