//! Transactions of operations and of key objects.

use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// The transaction of a create or an open ([`Pre::transaction`](crate::Pre::transaction)), or the one
/// that a key object belongs to ([`Cookie::bound_transaction`](crate::Cookie::bound_transaction)); K5.
///
/// # Invariants
/// `object` is a transaction object that lives for all of `'k`.
#[derive(Clone, Copy)]
pub struct Transaction<'k> {
    object: NonNull<c_void>,
    /// Neither `Send` nor `Sync`.
    _key: PhantomData<(&'k (), *mut ())>,
}

impl Transaction<'_> {
    /// The transaction at an address; none for null.
    ///
    /// # Safety
    /// `object` is null or a transaction object that lives for the lifetime.
    pub(crate) unsafe fn new(object: *mut c_void) -> Option<Self> {
        // INVARIANT: as the caller vouches.
        NonNull::new(object).map(|object| Self {
            object,
            _key: PhantomData,
        })
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
