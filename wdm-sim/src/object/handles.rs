//! Handle tables: one for the kernel, one for each process.
//!
//! As on NT, a handle is a multiple of four (the low two bits are ignored), and a kernel handle has
//! the upper bits set. Handles to the kernel's table are refused to user-mode callers.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wdm_sys::HANDLE;

use super::{Body, Object, ObjectRef};
use crate::machine::{DriverId, Kernel};

/// The bits that mark a handle of the kernel's table.
const KERNEL_BITS: usize = 0xFFFF_FFFF_8000_0000;
/// Handles are multiples of this.
const STEP: usize = 4;
const SHARDS: usize = 16;
/// As many handles as a table of NT can have.
const MAX_HANDLES: usize = 1 << 24;

/// A handle's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Handle(pub(crate) usize);

impl Handle {
    /// The handle as drivers see it.
    pub(crate) fn as_raw(self) -> HANDLE {
        std::ptr::without_provenance_mut(self.0)
    }

    /// A handle that a driver gave.
    pub(crate) fn from_raw(raw: HANDLE) -> Self {
        Self(raw.addr())
    }

    /// Whether it belongs to the kernel's table.
    pub(crate) fn is_kernel(self) -> bool {
        // -1 and -2 are the pseudo-handles of the current process and thread.
        self.0 & KERNEL_BITS == KERNEL_BITS && self.0 < usize::MAX - 7
    }
}

struct Entry {
    object: Arc<Object>,
    access: u32,
    /// The driver that opened it.
    owner: DriverId,
}

#[derive(Default)]
struct Slots {
    entries: Vec<Option<Entry>>,
    free: Vec<usize>,
}

#[derive(Default)]
#[repr(align(128))]
struct Padded(Mutex<Slots>);

/// A handle table.
pub(crate) struct HandleTable {
    shards: Box<[Padded]>,
    bits: usize,
}

impl HandleTable {
    /// The table of a process.
    pub(crate) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Padded::default()).collect(),
            bits: 0,
        }
    }

    /// The kernel's table.
    pub(crate) fn for_kernel() -> Self {
        Self {
            bits: KERNEL_BITS,
            ..Self::new()
        }
    }

    /// Makes a handle with the rights `access`, opened by `owner`; it takes over the reference.
    /// `None` if the table is full.
    pub(crate) fn insert(
        &self,
        object: ObjectRef<'_>,
        access: u32,
        owner: DriverId,
    ) -> Option<Handle> {
        let number = crate::machine::thread_number() % SHARDS;
        let mut slots = self.lock(number);
        let at = match slots.free.pop() {
            Some(at) => at,
            None if slots.entries.len() >= MAX_HANDLES / SHARDS => return None,
            None => {
                slots.entries.push(None);
                slots.entries.len() - 1
            }
        };
        object.handle_count.fetch_add(1, Ordering::AcqRel);
        slots.entries[at] = Some(Entry {
            object: object.into_counted(),
            access,
            owner,
        });
        Some(Handle(((at * SHARDS + number + 1) * STEP) | self.bits))
    }

    /// References the object behind a handle; also gives the handle's rights.
    pub(crate) fn reference<'k>(
        &self,
        kernel: &'k Kernel,
        handle: Handle,
    ) -> Option<(ObjectRef<'k>, u32)> {
        let (number, at) = self.place(handle)?;
        let slots = self.lock(number);
        let entry = slots.entries.get(at)?.as_ref()?;
        // The handle's own reference keeps the count above zero while the table is locked.
        entry.object.pointer_count.fetch_add(1, Ordering::Relaxed);
        let object = ObjectRef::adopt(kernel, Arc::clone(&entry.object));
        Some((object, entry.access))
    }

    /// Closes a handle and returns the reference that it held; `None` if it is not open. A
    /// transaction whose last handle it is has lost its client, and is rolled back.
    pub(crate) fn close<'k>(&self, kernel: &'k Kernel, handle: Handle) -> Option<ObjectRef<'k>> {
        let (number, at) = self.place(handle)?;
        let mut slots = self.lock(number);
        let entry = slots.entries.get_mut(at)?.take()?;
        slots.free.push(at);
        drop(slots);
        let before = entry.object.handle_count.fetch_sub(1, Ordering::AcqRel);
        let object = ObjectRef::adopt(kernel, entry.object);
        if before == 1 {
            kernel.cm.watches.end_of(kernel, &object);
            match object.body() {
                Body::Callback(_) => kernel.callback_objects.last_handle_closed(kernel, &object),
                Body::Device(file) => file.cleanup(),
                body => crate::tm::last_handle_closed(kernel, body),
            }
        }
        Some(object)
    }

    /// The open handles.
    pub(crate) fn all(&self) -> Vec<Handle> {
        let mut found = Vec::new();
        for number in 0..SHARDS {
            for (at, entry) in self.lock(number).entries.iter().enumerate() {
                if entry.is_some() {
                    found.push(Handle(((at * SHARDS + number + 1) * STEP) | self.bits));
                }
            }
        }
        found
    }

    /// The open handles of a driver, with their objects.
    pub(crate) fn opened_by(&self, owner: DriverId) -> Vec<(Handle, Arc<Object>)> {
        let mut found = Vec::new();
        for number in 0..SHARDS {
            for (at, entry) in self.lock(number).entries.iter().enumerate() {
                if let Some(entry) = entry.as_ref().filter(|entry| entry.owner == owner) {
                    let handle = Handle(((at * SHARDS + number + 1) * STEP) | self.bits);
                    found.push((handle, Arc::clone(&entry.object)));
                }
            }
        }
        found
    }

    /// The shard and the slot of a handle.
    fn place(&self, handle: Handle) -> Option<(usize, usize)> {
        if handle.is_kernel() != (self.bits != 0) {
            return None;
        }
        let index = ((handle.0 & !self.bits) / STEP).checked_sub(1)?;
        Some((index % SHARDS, index / SHARDS))
    }

    fn lock(&self, shard: usize) -> MutexGuard<'_, Slots> {
        let shard = &self.shards[shard];
        shard.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
