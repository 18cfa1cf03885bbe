//! Transactions: changes that happen together or not at all.

use core::ptr;
use core::time::Duration;

use wdm_sys as sys;

use super::{Disposition, KeyAccess, KeyRequest, RegKey};
use crate::handle::Handle;
use crate::{NtError, NtStatus, Passive, Result, UnicodeStr};

/// A transaction of the kernel transaction manager.
///
/// What is done through keys that were opened or created [inside](KeyRequest::inside) it, and through keys
/// that were opened below those, is seen in the transaction only, until
/// [`commit`](Self::commit) makes it everybody's. [`rollback`](Self::rollback) undoes it; so does
/// dropping a transaction that is not committed, as the kernel rolls back what has lost its last
/// handle. (A handle that is dropped above `PASSIVE_LEVEL` stays open, with a message, and the
/// transaction stays active: end transactions before a value that holds one can be dropped there.)
///
/// Reading in a transaction gives what others have committed by then, with the transaction's own
/// changes on top ("read committed", T4). Who writes to the same key outside of transactions wins: the
/// transaction is rolled back, and [`commit`](Self::commit) says so (T5). Who writes to it in another
/// transaction gets [`NtError::TRANSACTIONAL_CONFLICT`].
///
/// Keys do not borrow from their transaction: the kernel's key object holds a reference of its own.
/// After the transaction's end they are good for nothing but being dropped, and everything else
/// fails with [`NtError::TRANSACTION_NOT_ACTIVE`] (T6); open them anew.
///
/// Pages: <https://learn.microsoft.com/windows-hardware/drivers/kernel/transaction-objects>,
/// <https://learn.microsoft.com/windows/win32/api/winreg/nf-winreg-regopenkeytransactedw>.
///
/// ```
/// # use wdm_sim::Machine;
/// use wdm_safe::registry::{KeyAccess, RegKey, Transaction, ValueRef};
/// use wdm_safe::{Passive, Result, unicode};
///
/// /// Writes both halves of a setting, or neither.
/// fn write_both(at: Passive<'_>) -> Result<()> {
///     let transaction = Transaction::new(at)?;
///     let path = unicode!(r"\Registry\Machine\Software\Example");
///     let (key, _) = RegKey::create_in(&transaction, path, KeyAccess::ALL, at)?;
///     key.set_value(unicode!("Low"), ValueRef::Dword(1), at)?;
///     key.set_value(unicode!("High"), ValueRef::Dword(2), at)?;
///     transaction.commit(at)
/// }
/// # let machine = Machine::builder().build()?;
/// # let process = machine.process("example"); let _thread = process.enter();
/// # let at = unsafe { Passive::new_unchecked() };
/// # RegKey::create(unicode!(r"\Registry\Machine\Software"), KeyAccess::ALL, at)?;
/// # write_both(at)?;
/// # let key = RegKey::open(unicode!(r"\Registry\Machine\Software\Example"), KeyAccess::ALL, at)?;
/// # assert_eq!(key.value(unicode!("High"), at)?.as_u32(), Some(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Transaction(Handle);

impl Transaction {
    /// Begins a transaction (`ZwCreateTransaction`).
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn new(_at: Passive<'_>) -> Result<Self> {
        create_transaction(None)
    }

    /// Begins a transaction that the kernel rolls back if it is not committed in time
    /// (`ZwCreateTransaction`). The time is counted in units of 100 ns, and is at least one.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn with_timeout(timeout: Duration, _at: Passive<'_>) -> Result<Self> {
        let units = i64::try_from(timeout.as_nanos() / 100).unwrap_or(i64::MAX);
        // Negative: relative to now. Zero would be no limit at all.
        create_transaction(Some(-units.max(1)))
    }

    /// Makes what was done in the transaction permanent, and everybody's
    /// (`ZwCommitTransaction`, waiting for the end).
    ///
    /// # Errors
    /// `STATUS_TRANSACTION_ALREADY_ABORTED` if it has been rolled back: by who wrote to the same
    /// keys outside of transactions, by a resource manager, or when its time was up. Nothing that
    /// was done in it is left then.
    pub fn commit(self, _at: Passive<'_>) -> Result<()> {
        // SAFETY: the handle is open; PASSIVE_LEVEL by the token.
        NtStatus::from_raw(unsafe { sys::ZwCommitTransaction(self.0.raw(), 1) }).to_result()
    }

    /// Undoes what was done in the transaction (`ZwRollbackTransaction`, waiting for the end).
    ///
    /// # Errors
    /// That of the page, if it has been rolled back before.
    pub fn rollback(self, _at: Passive<'_>) -> Result<()> {
        // SAFETY: the handle is open; PASSIVE_LEVEL by the token.
        NtStatus::from_raw(unsafe { sys::ZwRollbackTransaction(self.0.raw(), 1) }).to_result()
    }

    /// Takes a handle over; none if it is null.
    ///
    /// # Safety
    /// `handle` is null, or an open kernel handle of a transaction with all access, which is the
    /// caller's to close.
    #[must_use]
    pub unsafe fn from_raw_handle(handle: sys::HANDLE) -> Option<Self> {
        // SAFETY: the caller's promise is the same.
        unsafe { Handle::from_raw(handle) }.map(Self)
    }

    /// The handle, which is good for as long as the transaction is borrowed.
    #[must_use]
    pub fn as_raw_handle(&self) -> sys::HANDLE {
        self.0.raw()
    }
}

impl RegKey {
    /// Opens a key by its full path in a transaction (`ZwOpenKeyTransacted`).
    ///
    /// # Errors
    /// As [`open`](Self::open); `STATUS_TRANSACTION_NOT_ACTIVE`.
    pub fn open_in(
        transaction: &Transaction,
        path: &UnicodeStr,
        access: KeyAccess,
        at: Passive<'_>,
    ) -> Result<Self> {
        KeyRequest::new(path, access).inside(transaction).open(at)
    }

    /// Opens a key by its full path, or creates its last component, in a transaction
    /// (`ZwCreateKeyTransacted`).
    ///
    /// # Errors
    /// As [`create`](Self::create); `STATUS_TRANSACTION_NOT_ACTIVE`,
    /// `STATUS_TRANSACTIONAL_CONFLICT` if another transaction has created the key or deleted its
    /// parent.
    pub fn create_in(
        transaction: &Transaction,
        path: &UnicodeStr,
        access: KeyAccess,
        at: Passive<'_>,
    ) -> Result<(Self, Disposition)> {
        KeyRequest::new(path, access).inside(transaction).create(at)
    }
}

/// `timeout` as the kernel counts it.
fn create_transaction(timeout: Option<i64>) -> Result<Transaction> {
    let mut attributes = sys::OBJECT_ATTRIBUTES {
        Length: size_of::<sys::OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: ptr::null_mut(),
        ObjectName: ptr::null_mut(),
        Attributes: sys::OBJ_KERNEL_HANDLE,
        SecurityDescriptor: ptr::null_mut(),
        SecurityQualityOfService: ptr::null_mut(),
    };
    let mut timeout = timeout.map(|timeout| sys::LARGE_INTEGER { QuadPart: timeout });
    let mut handle = ptr::null_mut();
    // SAFETY: what is not null outlives the call, the rest may be null; every caller has a token
    // for PASSIVE_LEVEL.
    let status = unsafe {
        sys::ZwCreateTransaction(
            &mut handle,
            sys::TRANSACTION_ALL_ACCESS,
            &mut attributes,
            ptr::null_mut(),
            ptr::null_mut(),
            0,
            0,
            0,
            timeout.as_mut().map_or(ptr::null_mut(), ptr::from_mut),
            ptr::null_mut(),
        )
    };
    NtStatus::from_raw(status).to_result()?;
    // SAFETY: a kernel handle that the kernel has just opened for this call.
    unsafe { Handle::from_raw(handle) }
        .map(Transaction)
        .ok_or(NtError::INVALID_HANDLE)
}
