//! Key objects: borrowed from a notification, or owned.
//!
//! A key object is what a handle refers to, not the key: two opens of one key are two objects, each
//! with contexts of its own (K1).

use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use wdm_safe::registry::{KeyAccess, RegKey};
use wdm_safe::{NtError, NtStatus, Passive};
use wdm_sys as sys;

use super::context::Node;
use crate::RegistryCallback;

/// The stages of a key object's life (K2, K3). Users name them, and never make one.
///
/// <https://learn.microsoft.com/windows-hardware/drivers/kernel/invalid-key-object-pointers-in-registry-notifications>
pub mod stage {
    /// Handles and references to the object exist.
    #[derive(Debug)]
    pub enum Live {}

    /// The last reference has gone and the object is being destroyed: pre-notification of close.
    #[derive(Debug)]
    pub enum Closing {}

    /// Its contexts have gone too, or are going: cleanup, and post-notification of close.
    #[derive(Debug)]
    pub enum Closed {}
}

use stage::{Closed, Closing, Live};

/// A stage of a key object's life; see [`stage`].
pub trait Stage: sealed::Sealed {
    /// Whether the object's context is alive.
    #[doc(hidden)]
    const HAS_CONTEXT: bool;
    /// Whether handles of the object may be open.
    #[doc(hidden)]
    const HAS_HANDLES: bool;
}

impl Stage for Live {
    const HAS_CONTEXT: bool = true;
    const HAS_HANDLES: bool = true;
}
impl Stage for Closing {
    const HAS_CONTEXT: bool = true;
    const HAS_HANDLES: bool = false;
}
impl Stage for Closed {
    const HAS_CONTEXT: bool = false;
    const HAS_HANDLES: bool = false;
}

/// A stage in which the `Cm*` routines take the object (K3): [`Live`](stage::Live) and
/// [`Closing`](stage::Closing).
#[diagnostic::on_unimplemented(
    message = "the registry takes no key object in the stage `{Self}`",
    label = "this key object is gone for the registry",
    note = "a context is set, and a name or an id asked for, from the post-notification of create \
            or open up to the pre-notification of close (C1, K3)"
)]
pub trait Usable: Stage {}

impl Usable for Live {}
impl Usable for Closing {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Live {}
    impl Sealed for super::Closing {}
    impl Sealed for super::Closed {}
}

/// A key object, for the notification that shows it.
///
/// # Invariants
/// `object` is the key object of the notification of `'n`, in stage `S` for all of it; `context` is
/// its context for the callback of type `C`.
pub struct Key<'n, C: RegistryCallback, S: Stage = Live> {
    object: NonNull<c_void>,
    context: Option<&'n C::KeyContext>,
    /// Neither `Send` nor `Sync`.
    _notification: PhantomData<(&'n (), S, *mut ())>,
}

impl<C: RegistryCallback, S: Stage> Clone for Key<'_, C, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: RegistryCallback, S: Stage> Copy for Key<'_, C, S> {}

impl<'n, C: RegistryCallback, S: Stage> Key<'n, C, S> {
    /// The key of a notification; none for a null pointer.
    ///
    /// # Safety
    /// `object` is null or the key object of the notification of `'n`, in stage `S` for all of it,
    /// and `context` is its context pointer for the cookie of a registration of a `C`.
    pub(crate) unsafe fn new(object: *mut c_void, context: *mut c_void) -> Option<Self> {
        let object = NonNull::new(object)?;
        // SAFETY: a context of this cookie is a node of C's context type: `set_context` sets no
        // other, and the kernel shows it to this cookie's callback only (C2).
        let context = unsafe { Node::value(context) };
        // INVARIANT: as the caller vouches.
        Some(Self {
            object,
            context,
            _notification: PhantomData,
        })
    }

    /// The context of this key object, as it was when the notification began: one pointer read.
    ///
    /// Another notification may replace it meanwhile; what this returns stays alive all the same
    /// (C4).
    #[must_use]
    pub fn context(&self) -> Option<&'n C::KeyContext> {
        self.context
    }

    /// The address of the object: tells two key objects apart, and nothing else.
    #[must_use]
    pub fn address(&self) -> usize {
        self.object.addr().get()
    }

    /// The object, for the kernel.
    pub(super) fn object(&self) -> *mut c_void {
        self.object.as_ptr()
    }
}

impl<C: RegistryCallback> Key<'_, C, Live> {
    /// Another reference to the object, which keeps it alive after the notification
    /// (`ObfReferenceObject`). IRQL: `<= DISPATCH_LEVEL`.
    ///
    /// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-obfreferenceobject>
    #[must_use]
    pub fn reference(&self) -> KeyObject {
        // SAFETY: the object is live, so it has a reference that lasts until the call returns.
        unsafe { sys::ObfReferenceObject(self.object()) };
        // INVARIANT: the reference just taken is the value's own.
        KeyObject(self.object)
    }
}

impl<C: RegistryCallback, S: Stage> fmt::Debug for Key<'_, C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.object)
    }
}

/// A key object with a reference of its own: what a callback hands to the kernel in place of a key
/// that the kernel opened (N4). Dropping it drops the reference (`ObfDereferenceObject`,
/// `<= DISPATCH_LEVEL`).
///
/// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-obdereferenceobject>
///
/// # Invariants
/// One reference of the object belongs to this value.
pub struct KeyObject(NonNull<c_void>);

// SAFETY: references to kernel objects belong to no thread.
unsafe impl Send for KeyObject {}
// SAFETY: as above; `&KeyObject` allows nothing.
unsafe impl Sync for KeyObject {}

impl KeyObject {
    /// The key object of an open key (`ObReferenceObjectByHandle`). IRQL: `PASSIVE_LEVEL`.
    ///
    /// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-obreferenceobjectbyhandle>
    ///
    /// # Errors
    /// `STATUS_ACCESS_DENIED` if the handle was not opened with `access`.
    pub fn of(key: &RegKey, access: KeyAccess, _at: Passive<'_>) -> Result<Self, NtError> {
        let mut object = ptr::null_mut();
        // SAFETY: the handle is open and refers to a key; a null type is allowed for the kernel's
        // own handles; the result is ours; PASSIVE_LEVEL by the token.
        let status = unsafe {
            sys::ObReferenceObjectByHandle(
                key.as_raw_handle(),
                access.bits(),
                ptr::null_mut(),
                sys::KernelMode as sys::KPROCESSOR_MODE,
                &mut object,
                ptr::null_mut(),
            )
        };
        NtStatus::from_raw(status).to_result()?;
        // INVARIANT: the routine took a reference for us.
        NonNull::new(object)
            .map(Self)
            .ok_or(NtError::INVALID_HANDLE)
    }

    /// The object with its reference, which is the caller's to drop from here on.
    pub(super) fn into_raw(self) -> *mut c_void {
        let object = self.0.as_ptr();
        core::mem::forget(self);
        object
    }

    /// Takes a reference over.
    ///
    /// # Safety
    /// `object` is null or a key object, of which one reference is the caller's.
    pub(super) unsafe fn from_raw(object: *mut c_void) -> Option<Self> {
        // INVARIANT: the caller hands its reference over.
        NonNull::new(object).map(Self)
    }
}

impl Drop for KeyObject {
    fn drop(&mut self) {
        // SAFETY: by the invariant one reference is ours.
        unsafe { sys::ObfDereferenceObject(self.0.as_ptr()) };
    }
}

impl fmt::Debug for KeyObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyObject({:?})", self.0)
    }
}
