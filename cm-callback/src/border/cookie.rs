//! The cookie, and the routines that want it.

use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::{self, NonNull};

use wdm_safe::{NtError, NtStatus, UnicodeStr};
use wdm_sys as sys;

use super::context::Node;
use super::key::{Key, Usable};
use super::names::Release;
use super::registration::Shared;
use super::transaction::Transaction;
use crate::RegistryCallback;

/// The identity of a registration, inside one of its notifications.
///
/// Only a notification has one ([`Pre::cookie`](crate::Pre::cookie),
/// [`Post::cookie`](crate::Post::cookie)), it lives no longer than that, stays on its thread, and
/// carries the callback's type: so a context can be set only from inside the registry callback, and
/// only of the type that this callback will get back (C1, C2).
pub struct Cookie<'n, C: RegistryCallback> {
    shared: &'n Shared<C>,
    /// Neither `Send` nor `Sync`.
    _notification: PhantomData<(&'n (), *mut ())>,
}

impl<C: RegistryCallback> Clone for Cookie<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: RegistryCallback> Copy for Cookie<'_, C> {}

/// Why a routine that wants a cookie did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieError {
    /// The kernel has not written the cookie yet: the first notifications can come before
    /// `CmRegisterCallbackEx` has returned (R3). Later ones succeed.
    NotPublished,
    /// What the kernel answered.
    Kernel(NtError),
}

impl From<CookieError> for NtError {
    /// `STATUS_DEVICE_NOT_READY` for a cookie that is not there yet.
    fn from(error: CookieError) -> Self {
        match error {
            CookieError::NotPublished => NtError::DEVICE_NOT_READY,
            CookieError::Kernel(error) => error,
        }
    }
}

impl From<NtError> for CookieError {
    fn from(error: NtError) -> Self {
        Self::Kernel(error)
    }
}

impl fmt::Display for CookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPublished => f.write_str("the cookie is not published yet"),
            Self::Kernel(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for CookieError {}

/// Why a context was not set, and the context.
pub struct SetContextError<T> {
    /// The reason.
    pub error: CookieError,
    /// The context, back.
    pub context: T,
}

impl<T> fmt::Debug for SetContextError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetContextError")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<'n, C: RegistryCallback> Cookie<'n, C> {
    pub(crate) fn new(shared: &'n Shared<C>) -> Self {
        Self {
            shared,
            _notification: PhantomData,
        }
    }

    /// The cookie's value.
    fn value(&self) -> Result<sys::LARGE_INTEGER, CookieError> {
        match self.shared.cookie() {
            0 => Err(CookieError::NotPublished),
            cookie => Ok(sys::LARGE_INTEGER { QuadPart: cookie }),
        }
    }

    /// Attaches a context to a key object (`CmSetCallbackObjectContext`). It arrives in the later
    /// notifications for that object, of this callback only (C2), and is dropped when the object
    /// has closed or the callback is unregistered (C3).
    ///
    /// What was attached before stays alive until then too, since other threads may be looking at
    /// it; the result is a look at it for this notification (C4). Each call allocates once and
    /// the memory stays until the cleanup, so a context that changes often should hold atomics
    /// instead of being replaced.
    ///
    /// IRQL: `<= APC_LEVEL`.
    /// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-cmsetcallbackobjectcontext>
    ///
    /// # Errors
    /// The context comes back, with [`CookieError::NotPublished`] (R3),
    /// `STATUS_INSUFFICIENT_RESOURCES`, or what the kernel answered.
    pub fn set_context<'k, S: Usable>(
        &self,
        key: Key<'k, C, S>,
        context: C::KeyContext,
    ) -> Result<Option<&'k C::KeyContext>, SetContextError<C::KeyContext>> {
        let mut cookie = match self.value() {
            Ok(cookie) => cookie,
            Err(error) => return Err(SetContextError { error, context }),
        };
        let node = match Node::try_new(context, C::POOL_TAG) {
            Ok(node) => node,
            Err((error, context)) => {
                return Err(SetContextError {
                    error: error.into(),
                    context,
                });
            }
        };
        let mut replaced: *mut c_void = ptr::null_mut();
        // SAFETY: the object is one that the registry takes in this stage (K3), the cookie that of
        // this registration, and this is inside its callback (C1); IRQL <= APC_LEVEL (N1).
        let status = unsafe {
            sys::CmSetCallbackObjectContext(
                key.object(),
                &mut cookie,
                node.as_ptr().cast(),
                &mut replaced,
            )
        };
        match NtStatus::from_raw(status).to_result() {
            // SAFETY: the kernel took `node` and gave the pointer that it had for this object and
            // cookie, which only this routine sets. The notification of 'k is under way.
            Ok(()) => Ok(unsafe { Node::chain(node, replaced) }),
            Err(error) => {
                // SAFETY: the kernel refused the node.
                let context = unsafe { Node::take_back(node) };
                Err(SetContextError {
                    error: error.into(),
                    context,
                })
            }
        }
    }

    /// The full path of a key, links resolved, however it was opened: as it is now
    /// (`CmCallbackGetKeyObjectIDEx`), or, before Windows 8, as it was when the key was first opened
    /// (`CmCallbackGetKeyObjectID`, K4). IRQL: `<= APC_LEVEL`.
    ///
    /// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-cmcallbackgetkeyobjectidex>
    ///
    /// # Errors
    /// [`CookieError::NotPublished`] (R3), or `STATUS_INVALID_PARAMETER` and the like from the
    /// kernel. `STATUS_NOT_SUPPORTED` before Windows 8 for a key that is closing, whose name is gone
    /// there.
    pub fn key_name<'k, S: Usable>(&self, key: Key<'k, C, S>) -> Result<KeyName<'k>, CookieError> {
        let mut name: sys::PCUNICODE_STRING = ptr::null();
        // SAFETY: this registration's cookie, inside its callback; the name is ours.
        unsafe { (self.shared.names).ask(self.value()?, key, ptr::null_mut(), &mut name) }?;
        let name = NonNull::new(name.cast_mut()).ok_or(NtError::NOT_FOUND)?;
        // INVARIANT: the kernel gave the string, and it is released as it wants.
        Ok(KeyName {
            name,
            release: self.shared.names.release(),
            _notification: PhantomData,
        })
    }

    /// The identity of a key: the same for all its objects, and it survives a rename
    /// (`CmCallbackGetKeyObjectIDEx`, before Windows 8 `CmCallbackGetKeyObjectID`, K4). IRQL:
    /// `<= APC_LEVEL`.
    ///
    /// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-cmcallbackgetkeyobjectidex>
    ///
    /// # Errors
    /// As [`key_name`](Self::key_name).
    pub fn key_id<S: Usable>(&self, key: Key<'_, C, S>) -> Result<u64, CookieError> {
        let mut id = 0;
        // SAFETY: this registration's cookie, inside its callback; the id is ours.
        unsafe { (self.shared.names).ask(self.value()?, key, &mut id, ptr::null_mut()) }?;
        Ok(id)
    }

    /// The transaction that the key object belongs to, if any (`CmGetBoundTransaction`, K5). IRQL:
    /// `<= APC_LEVEL`.
    ///
    /// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-cmgetboundtransaction>
    ///
    /// # Errors
    /// [`CookieError::NotPublished`] (R3).
    pub fn bound_transaction<'k, S: Usable>(
        &self,
        key: Key<'k, C, S>,
    ) -> Result<Option<Transaction<'k>>, CookieError> {
        let mut cookie = self.value()?;
        // SAFETY: the object is one that the registry takes in this stage (K3), the cookie that of
        // this registration.
        let transaction = unsafe { sys::CmGetBoundTransaction(&mut cookie, key.object()) };
        // SAFETY: a key object that has handles holds its transaction, so for all of 'k (A25 in
        // docs/soundness.md).
        Ok(unsafe { Transaction::new(transaction, S::HAS_HANDLES) })
    }
}

/// The full path of a key; see [`Cookie::key_name`]. Dropping it releases it
/// (`CmCallbackReleaseKeyObjectIDEx`, `<= APC_LEVEL`).
///
/// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-cmcallbackreleasekeyobjectidex>
///
/// # Invariants
/// `name` is a string that the kernel made for this value to release, or, if there is nothing to
/// release it with, one that belongs to a key object and stays for `'n`.
pub struct KeyName<'n> {
    name: NonNull<sys::UNICODE_STRING>,
    release: Option<Release>,
    /// Neither `Send` nor `Sync`.
    _notification: PhantomData<(&'n (), *mut ())>,
}

impl Deref for KeyName<'_> {
    type Target = UnicodeStr;

    fn deref(&self) -> &UnicodeStr {
        // SAFETY: by the invariant the kernel's own string, which does not change until it is
        // released, or its key object closes (K4).
        let name = unsafe { UnicodeStr::from_raw(self.name.as_ptr()) };
        name.unwrap_or(UnicodeStr::new(&[]))
    }
}

impl Drop for KeyName<'_> {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: by the invariant ours to release, once.
            unsafe { release(self.name.as_ptr()) }
        }
    }
}

impl fmt::Display for KeyName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl fmt::Debug for KeyName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
