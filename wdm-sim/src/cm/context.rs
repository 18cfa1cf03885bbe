//! Object contexts: what a callback attached to a key object (C2), and how it ends (C3).
//!
//! A context belongs to a pair of key object and cookie and is one [`Slot`], known to both sides:
//! the object's [`ContextTable`] finds it for each notification, the registration's
//! [`ContextIndex`] finds it when the callback is unregistered. Closing the object and unregistering
//! the callback can happen at once on two threads; whoever moves the slot from *held* to *cleaning*
//! delivers the cleanup notification, and the other waits until it is *done*. So the notification
//! comes exactly once, and neither the object nor the registration goes away before it has come.

use std::collections::HashMap;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wdm_sys::PVOID;
use wdm_sys::ctypes::c_void;

use super::callbacks::{Cookie, Registration};
use super::key_object::KeyObject;
use crate::machine::{Kernel, thread_number};

const HELD: usize = 0;
const DONE: usize = 1;
/// *Cleaning* is this and the number of the thread that does it.
const CLEANING: usize = 2;

/// The context of one (key object, cookie).
pub(crate) struct Slot {
    registration: Arc<Registration>,
    /// The key object's address.
    object: usize,
    /// Which of the registration's slots it is, from the first.
    number: u64,
    context: AtomicPtr<c_void>,
    state: AtomicUsize,
}

impl Slot {
    /// Whose context it is.
    pub(crate) fn registration(&self) -> &Arc<Registration> {
        &self.registration
    }

    /// The key object's address.
    pub(crate) fn object(&self) -> usize {
        self.object
    }

    /// The newest context.
    pub(crate) fn context(&self) -> PVOID {
        self.context.load(Ordering::Acquire)
    }

    /// The name of the key that it is attached to; empty for a deleted key.
    pub(super) fn key_name(&self, kernel: &Kernel) -> String {
        let object = kernel.objects.find(self.object);
        let key = object.as_ref().and_then(|object| object.key());
        let name = key.map(KeyObject::full_name).unwrap_or_default();
        String::from_utf16_lossy(&name)
    }

    /// Runs `deliver`, which sends the cleanup notification, unless it has been sent; if another
    /// thread is sending it, waits for that.
    ///
    /// The notification itself can close the object, if it gives back the last reference to it.
    /// Then this is called a second time on the same thread, which must not wait for itself.
    pub(crate) fn clean_up(&self, deliver: impl FnOnce(&Self)) {
        let cleaning = CLEANING + thread_number();
        let begun =
            self.state
                .compare_exchange(HELD, cleaning, Ordering::AcqRel, Ordering::Acquire);
        if let Err(now) = begun {
            if now != cleaning {
                let done = || self.state.load(Ordering::Acquire) == DONE;
                self.registration.rundown().wait_until(done);
            }
            return;
        }
        deliver(self);
        // Done before it leaves the index: a thread that drains the index without finding the slot
        // has nothing to wait for.
        self.state.store(DONE, Ordering::Release);
        self.registration.contexts().remove(self.object);
        self.registration.rundown().wake();
    }
}

/// The contexts of one key object, by cookie.
#[derive(Default)]
pub(crate) struct ContextTable {
    /// Whether there is any, so that objects without contexts cost no lock.
    any: AtomicBool,
    slots: Mutex<Vec<Arc<Slot>>>,
}

impl ContextTable {
    /// The context of a cookie, or null.
    pub(crate) fn get(&self, cookie: Cookie) -> PVOID {
        if !self.any.load(Ordering::Acquire) {
            return ptr::null_mut();
        }
        self.lock()
            .iter()
            .find(|slot| slot.registration.cookie() == cookie)
            .map_or(ptr::null_mut(), |slot| slot.context())
    }

    /// Sets the context of a registration and returns the one before, or null.
    pub(crate) fn set(
        &self,
        object: usize,
        registration: &Arc<Registration>,
        context: PVOID,
    ) -> PVOID {
        let mut slots = self.lock();
        let held = slots
            .iter()
            .find(|slot| Arc::ptr_eq(&slot.registration, registration));
        if let Some(slot) = held {
            return slot.context.swap(context, Ordering::AcqRel);
        }
        if !context.is_null() {
            let slot = Arc::new(Slot {
                registration: Arc::clone(registration),
                object,
                number: registration.contexts().next_number(),
                context: AtomicPtr::new(context),
                state: AtomicUsize::new(HELD),
            });
            registration.contexts().insert(Arc::clone(&slot));
            slots.push(slot);
            self.any.store(true, Ordering::Release);
        }
        ptr::null_mut()
    }

    /// Takes all slots out: the object is being closed.
    pub(crate) fn take_all(&self) -> Vec<Arc<Slot>> {
        if !self.any.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        std::mem::take(&mut *self.lock())
    }

    /// Forgets the slot of a cookie that is unregistered.
    pub(crate) fn forget(&self, cookie: Cookie) {
        self.lock()
            .retain(|slot| slot.registration.cookie() != cookie);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const SHARDS: usize = 16;

/// All contexts of one registration, by the key object's address.
#[derive(Default)]
pub(crate) struct ContextIndex {
    shards: [Mutex<HashMap<usize, Arc<Slot>>>; SHARDS],
    made: AtomicU64,
}

impl ContextIndex {
    /// Takes all slots out: the callback is being unregistered. The oldest comes first, so that two
    /// runs of one program do the same.
    pub(crate) fn drain(&self) -> Vec<Arc<Slot>> {
        let mut all: Vec<_> = (0..SHARDS)
            .flat_map(|shard| std::mem::take(&mut *self.lock(shard)).into_values())
            .collect();
        all.sort_unstable_by_key(|slot| slot.number);
        all
    }

    fn next_number(&self) -> u64 {
        self.made.fetch_add(1, Ordering::Relaxed)
    }

    fn insert(&self, slot: Arc<Slot>) {
        self.lock(Self::shard(slot.object))
            .insert(slot.object, slot);
    }

    fn remove(&self, object: usize) {
        self.lock(Self::shard(object)).remove(&object);
    }

    /// Addresses of objects are multiples of 16, and those of one thread are neighbours.
    fn shard(object: usize) -> usize {
        ((object >> 4) ^ (object >> 12)) % SHARDS
    }

    fn lock(&self, shard: usize) -> MutexGuard<'_, HashMap<usize, Arc<Slot>>> {
        self.shards[shard]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
