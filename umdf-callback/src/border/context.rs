//! Contexts of framework objects.
//!
//! The framework keeps one pointer for an object, and tells when the object is cleaned up. The pointer is a number of ours, which is
//! never dereferenced: the values are in a table, so that a look-up on one thread and a cleanup on another exclude each other,
//! and a pointer that somebody else has assigned is none of ours.

use core::any::Any;
use core::ptr::{null_mut, without_provenance_mut};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use windows_core::{IUnknown, Interface};

use super::object::{Object, Offer, Offers};
use crate::callback::ObjectCleanup;
use crate::context::{ANOTHER_TYPE, NO_CONTEXT};
use crate::raw::{IObjectCleanup, IObjectCleanup_Vtbl, IWDFObject, Raw};
use crate::{Error, Result};

/// A context, and the object that it belongs to, by the address of its `IUnknown`.
struct Entry {
    object: usize,
    value: Arc<dyn Any + Send + Sync>,
}

/// All contexts, by the numbers that the framework keeps for us.
static CONTEXTS: Mutex<BTreeMap<usize, Entry>> = Mutex::new(BTreeMap::new());

/// The last number.
static LAST: AtomicUsize = AtomicUsize::new(0);

fn contexts() -> MutexGuard<'static, BTreeMap<usize, Entry>> {
    CONTEXTS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn identity(object: &IWDFObject) -> Result<usize> {
    let identity = object.cast::<IUnknown>()?;
    Ok(identity.as_raw().addr())
}

/// What the framework calls when an object with a context is cleaned up, and gives up afterwards.
struct Ending(usize);

impl Ending {
    /// Drops the context, outside of the lock: it may have contexts of its own.
    fn end(&self) {
        let entry = contexts().remove(&self.0);
        drop(entry);
    }
}

impl ObjectCleanup for Ending {
    fn on_cleanup(&self) {
        self.end();
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.end();
    }
}

/// Endings: one interface.
struct EndingKind;

impl Object<Ending, EndingKind> {
    const OFFERS: Offers<Ending, EndingKind> = {
        let table = &IObjectCleanup_Vtbl::new::<Self, -1>();
        // SAFETY: made for this place of this object.
        let cleanup = unsafe { Offer::new::<IObjectCleanup>(table) };
        Offers::one(cleanup)
    };
}

/// Gives an object its context.
pub(crate) fn assign<T: Send + Sync + 'static>(object: &IWDFObject, value: T) -> Result<Arc<T>> {
    let value = Arc::new(value);
    let number = LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
    let entry = Entry {
        object: identity(object)?,
        value: value.clone(),
    };
    // Before the framework has the number: it may clean the object up at once.
    contexts().insert(number, entry);
    let ending = Object::create(Ending(number), &Object::<Ending, EndingKind>::OFFERS);
    let ending: IObjectCleanup = ending.cast()?;
    // SAFETY: the interface is valid, and the framework takes a reference of its own; it keeps the number and does nothing with it.
    let assigned =
        unsafe { object.AssignContext(Raw::of(&ending), without_provenance_mut(number)) };
    // If it failed, the last reference to the ending goes here, and the context with it.
    assigned.ok()?;
    Ok(value)
}

/// An object's context.
pub(crate) fn retrieve<T: Send + Sync + 'static>(object: &IWDFObject) -> Result<Arc<T>> {
    let mut number = null_mut();
    // SAFETY: the place is valid.
    unsafe { object.RetrieveContext(&raw mut number) }.ok()?;
    let object = identity(object)?;
    let value = contexts()
        .get(&number.addr())
        .filter(|entry| entry.object == object)
        .map(|entry| entry.value.clone())
        .ok_or_else(|| Error::from_hresult(NO_CONTEXT))?;
    value
        .downcast()
        .map_err(|_| Error::from_hresult(ANOTHER_TYPE))
}
