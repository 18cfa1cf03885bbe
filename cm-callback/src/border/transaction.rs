//! Transactions of operations and of key objects.

use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use wdm_safe::{NtError, NtStatus, Passive, registry};
use wdm_sys as sys;

/// The transaction of a create or an open ([`Pre::transaction`](crate::Pre::transaction)), or the one
/// that a key object belongs to ([`Cookie::bound_transaction`](crate::Cookie::bound_transaction)); K5.
///
/// # Invariants
/// `object` names a transaction, and if it is a multiple of two and `stays`, a transaction object that
/// lives for all of `'k`.
#[derive(Clone, Copy)]
pub struct Transaction<'k> {
    object: NonNull<c_void>,
    /// Whether something is known to hold it.
    stays: bool,
    /// Neither `Send` nor `Sync`.
    _key: PhantomData<(&'k (), *mut ())>,
}

impl Transaction<'_> {
    /// The transaction at an address; none for null.
    ///
    /// # Safety
    /// `object` is null, or the transaction that an operation or a key object is in. If it `stays`,
    /// that holds it for the lifetime.
    pub(crate) unsafe fn new(object: *mut c_void, stays: bool) -> Option<Self> {
        // INVARIANT: as the caller vouches.
        NonNull::new(object).map(|object| Self {
            object,
            stays,
            _key: PhantomData,
        })
    }

    /// A handle of the transaction, to do work of the driver's own in it
    /// ([`KeyRequest::inside`](wdm_safe::registry::KeyRequest::inside)), which is then committed or
    /// rolled back with the rest (`ObOpenObjectByPointer`). IRQL: `PASSIVE_LEVEL`, by the token.
    ///
    /// Dropping it leaves the transaction to those who began it; committing it or rolling it back is
    /// done to them, too.
    ///
    /// <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-obopenobjectbypointer>
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`; `STATUS_NOT_SUPPORTED` for a key that is closing, and for the
    /// registry's own light-weight transactions, which are no objects of the transaction manager and
    /// have an odd address.
    pub fn open(&self, _at: Passive<'_>) -> Result<registry::Transaction, NtError> {
        if !self.stays || !self.address().is_multiple_of(2) {
            return Err(NtError::NOT_SUPPORTED);
        }
        let mut handle = ptr::null_mut();
        // SAFETY: by the invariant a live object; a null type is allowed for the kernel's own
        // handles; the result is ours; PASSIVE_LEVEL by the token.
        let status = unsafe {
            sys::ObOpenObjectByPointer(
                self.object.as_ptr(),
                sys::OBJ_KERNEL_HANDLE,
                ptr::null_mut(),
                sys::TRANSACTION_ALL_ACCESS,
                ptr::null_mut(),
                sys::KernelMode as sys::KPROCESSOR_MODE,
                &mut handle,
            )
        };
        NtStatus::from_raw(status).to_result()?;
        // SAFETY: a kernel handle of a transaction, which the routine has opened for us.
        let transaction = unsafe { registry::Transaction::from_raw_handle(handle) };
        transaction.ok_or(NtError::INVALID_HANDLE)
    }

    /// The address of the object: tells two transactions apart.
    #[must_use]
    pub fn address(&self) -> usize {
        self.object.addr().get()
    }
}

impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transaction({:?})", self.object)
    }
}
