//! The object manager: objects with counts, their addresses, and handles to them.
//!
//! An object lives as long as its *pointer count* is above zero. A handle holds one pointer
//! reference, each routine that works on the object holds one while it runs, and drivers hold those
//! that they took. When the count reaches zero the object's type has its delete procedure run (for
//! a key object: close notifications and context cleanup, rule C3); after that the object is gone.
//!
//! Drivers get an object's *address*, which they must not look into. Key objects have addresses
//! that no memory backs and that are never used again, so a driver that reads through one faults,
//! and a stale or foreign pointer is recognised instead of followed (promise P6).

mod callbacks;
mod event;
mod handles;
mod manager;
mod types;

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::callback_object::CallbackObject;
use crate::cm::KeyObject;
use crate::files::FileObject;
use crate::io::{DeviceFile, DeviceMemory};
use crate::machine::{DriverId, Kernel, ProcessState, ThreadObject};

pub(crate) use callbacks::ObjectCallbacks;
pub(crate) use event::EventObject;
pub(crate) use handles::{Handle, HandleTable};
pub(crate) use manager::Manager;
pub(crate) use types::{ForeignType, ObjectType};

/// What an object is.
pub(crate) enum Body {
    /// A registry key as one opener sees it (K1).
    Key(KeyObject),
    /// A callback object (`ExCreateCallback`).
    Callback(CallbackObject),
    /// A thread; its address is that of its `ETHREAD`.
    Thread(Arc<ThreadObject>),
    /// A process.
    Process(Arc<ProcessState>),
    /// A transaction.
    Transaction(Arc<crate::tm::Transaction>),
    /// A transaction manager.
    TransactionManager(Arc<crate::tm::Manager>),
    /// A resource manager.
    ResourceManager(Arc<crate::tm::ResourceManager>),
    /// A resource manager's enlistment in a transaction.
    Enlistment(Arc<crate::tm::Enlistment>),
    /// An event.
    Event(EventObject),
    /// A file as one opener sees it.
    File(FileObject),
    /// A device as one opener sees it; its address is that of its `FILE_OBJECT`.
    Device(DeviceFile),
    /// A device object; its address is that of its `DEVICE_OBJECT`.
    Driven(#[allow(dead_code, reason = "it keeps the memory")] Arc<DeviceMemory>),
}

/// How far an object's life has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Stage {
    /// In use: everything is allowed.
    Live = 0,
    /// The last reference is gone and the delete procedure runs: Cm* routines only (K3).
    Closing = 1,
    /// Closed: nothing is allowed.
    Closed = 2,
}

/// One object.
pub(crate) struct Object {
    address: usize,
    pointer_count: AtomicI64,
    handle_count: AtomicI64,
    stage: AtomicU8,
    /// References that drivers took or were handed, and have not given back.
    held_by_drivers: Mutex<Vec<(DriverId, i64)>>,
    body: Body,
}

impl Object {
    /// What drivers know the object by.
    pub(crate) fn address(&self) -> usize {
        self.address
    }

    /// What the object is.
    pub(crate) fn body(&self) -> &Body {
        &self.body
    }

    /// The object's type.
    pub(crate) fn object_type(&self) -> ObjectType {
        match self.body {
            Body::Key(_) => ObjectType::Key,
            Body::Callback(_) => ObjectType::Callback,
            Body::Thread(_) => ObjectType::Thread,
            Body::Process(_) => ObjectType::Process,
            Body::Transaction(_) => ObjectType::Transaction,
            Body::TransactionManager(_) => ObjectType::TransactionManager,
            Body::ResourceManager(_) => ObjectType::ResourceManager,
            Body::Enlistment(_) => ObjectType::Enlistment,
            Body::Event(_) => ObjectType::Event,
            Body::File(_) | Body::Device(_) => ObjectType::File,
            Body::Driven(_) => ObjectType::Device,
        }
    }

    /// The key object, if it is one.
    pub(crate) fn key(&self) -> Option<&KeyObject> {
        match &self.body {
            Body::Key(key) => Some(key),
            _ => None,
        }
    }

    /// The transaction, if it is one.
    pub(crate) fn transaction(&self) -> Option<&Arc<crate::tm::Transaction>> {
        match &self.body {
            Body::Transaction(transaction) => Some(transaction),
            _ => None,
        }
    }

    /// The file object, if it is one.
    pub(crate) fn file(&self) -> Option<&FileObject> {
        match &self.body {
            Body::File(file) => Some(file),
            _ => None,
        }
    }

    /// How far the object's life has come.
    pub(crate) fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Acquire) {
            0 => Stage::Live,
            1 => Stage::Closing,
            _ => Stage::Closed,
        }
    }

    /// The number of references, handles included.
    pub(crate) fn pointer_count(&self) -> i64 {
        self.pointer_count.load(Ordering::Acquire)
    }

    /// The number of open handles.
    pub(crate) fn handle_count(&self) -> i64 {
        self.handle_count.load(Ordering::Acquire)
    }

    /// Notes that a driver owns `change` more (or fewer) references.
    pub(crate) fn note_driver_reference(&self, driver: DriverId, change: i64) {
        let mut held = self.lock_held();
        match held.iter_mut().find(|(holder, _)| *holder == driver) {
            Some((_, count)) => *count += change,
            None => held.push((driver, change)),
        }
        held.retain(|&(_, count)| count != 0);
    }

    /// How many references a driver owns; negative if it gave back more than it took, as it may
    /// with one that the kernel handed it (N4).
    pub(crate) fn references_of(&self, driver: DriverId) -> i64 {
        let held = self.lock_held();
        held.iter()
            .find(|(holder, _)| *holder == driver)
            .map_or(0, |&(_, count)| count)
    }

    fn lock_held(&self) -> std::sync::MutexGuard<'_, Vec<(DriverId, i64)>> {
        self.held_by_drivers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a reference unless the object's end has begun.
    fn try_reference(&self) -> bool {
        let mut count = self.pointer_count.load(Ordering::Relaxed);
        while count > 0 {
            match self.pointer_count.compare_exchange_weak(
                count,
                count + 1,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => count = now,
            }
        }
        false
    }
}

/// One counted reference to an object. Dropping it gives the reference back, and runs the object's
/// delete procedure on this thread if it was the last.
#[must_use = "the reference is given back when this is dropped"]
pub(crate) struct ObjectRef<'k> {
    kernel: &'k Kernel,
    object: Arc<Object>,
}

impl<'k> ObjectRef<'k> {
    /// Takes over a reference that is already counted.
    pub(crate) fn adopt(kernel: &'k Kernel, object: Arc<Object>) -> Self {
        Self { kernel, object }
    }

    /// The object, without a reference of its own: it can be closed any time.
    pub(crate) fn object(&self) -> &Arc<Object> {
        &self.object
    }

    /// Gives up the guard but not the reference: it now belongs to whoever gets the object's
    /// address (a driver, or a handle).
    pub(crate) fn into_counted(self) -> Arc<Object> {
        // Counted once more, because dropping `self` takes one off.
        self.object.pointer_count.fetch_add(1, Ordering::Relaxed);
        Arc::clone(&self.object)
    }
}

impl std::ops::Deref for ObjectRef<'_> {
    type Target = Object;
    fn deref(&self) -> &Object {
        &self.object
    }
}

impl Clone for ObjectRef<'_> {
    fn clone(&self) -> Self {
        self.object.pointer_count.fetch_add(1, Ordering::Relaxed);
        Self {
            kernel: self.kernel,
            object: Arc::clone(&self.object),
        }
    }
}

impl Drop for ObjectRef<'_> {
    fn drop(&mut self) {
        self.kernel.objects.release(self.kernel, &self.object);
    }
}
