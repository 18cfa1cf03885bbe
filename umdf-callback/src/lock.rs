//! Which callbacks of a device the framework serialises. Page: wdf/specifying-a-callback-synchronization-mode.
//!
//! [`DeviceLevel`], the framework's default, runs one of these at a time: what a queue delivers, changes of a queue's state,
//! cancellation, and cleanup and close of files. A context that only such callbacks use need not be [`Sync`]. Plug and Play and
//! power callbacks, cleanup of objects and the rest are not among them: their traits ask for [`Sync`] themselves.
//!
//! Code that is none of these callbacks keeps them from running meanwhile by [`Device::lock`] or [`IoQueue::lock`].

use core::fmt;
use core::marker::PhantomData;

pub use crate::border::device::Fits;
use crate::border::framework::Framework;
use crate::raw::IWDFObject;
use crate::{Device, IoQueue};

/// One I/O callback of the device at a time (`WdfDeviceLevel`).
#[derive(Debug)]
pub enum DeviceLevel {}

/// Any callbacks at the same time (`None` in the header).
#[derive(Debug)]
pub enum Unsynchronized {}

/// The lock by which the framework serialises the callbacks of an object: none of them runs as long as this is there. It belongs to
/// the thread that took it. Page: nf-wudfddi-iwdfobject-acquirelock.
#[must_use = "it is released when it is dropped"]
pub struct Lock<'object> {
    object: Framework<IWDFObject>,
    of: PhantomData<&'object ()>,
    thread: PhantomData<*const ()>,
}

impl<'object> Lock<'object> {
    fn new(object: &'object IWDFObject) -> Self {
        let object = Framework::to(object);
        object.acquire_lock();
        Lock {
            object,
            of: PhantomData,
            thread: PhantomData,
        }
    }
}

impl Drop for Lock<'_> {
    /// Page: nf-wudfddi-iwdfobject-releaselock.
    fn drop(&mut self) {
        self.object.release_lock();
    }
}

impl fmt::Debug for Lock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lock").field(&self.object).finish()
    }
}

impl Device {
    /// Waits until no callback of the device's queues and files runs, and keeps them from running: of use under [`DeviceLevel`] only,
    /// and not in one of those callbacks. Page: nf-wudfddi-iwdfobject-acquirelock.
    pub fn lock(&self) -> Lock<'_> {
        Lock::new(&self.0)
    }
}

impl IoQueue {
    /// The same for the queue's callbacks. Page: nf-wudfddi-iwdfobject-acquirelock.
    pub fn lock(&self) -> Lock<'_> {
        Lock::new(&self.0)
    }
}
