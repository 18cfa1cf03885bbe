//! The system services for transactions.

use wdm_sys::{
    HANDLE, OBJ_KERNEL_HANDLE, OBJECT_ATTRIBUTES, PHANDLE, PLARGE_INTEGER, POBJECT_ATTRIBUTES,
    PUNICODE_STRING, TRANSACTION_ALL_ACCESS, TRANSACTION_COMMIT, TRANSACTION_DO_NOT_PROMOTE,
    TRANSACTION_ROLLBACK,
};

use super::Transaction;
use crate::cm::capture::{self, Name};
use crate::cm::ops::Outcome;
use crate::machine::{Mode, Thread};
use crate::object::{Body, Handle, ObjectRef, ObjectType};
use crate::registry::system_time;
use crate::status::Status;

/// `MAX_TRANSACTION_DESCRIPTION_LENGTH`, in characters.
const MAX_DESCRIPTION: usize = 64;

/// `GENERIC_ALL` and `MAXIMUM_ALLOWED`.
const EVERYTHING: u32 = 0x1200_0000;

/// What `ZwCreateTransaction` takes besides the place for the handle.
pub(crate) struct Creation {
    /// `DesiredAccess`.
    pub(crate) access: u32,
    /// `ObjectAttributes`.
    pub(crate) attributes: POBJECT_ATTRIBUTES,
    /// `TmHandle`.
    pub(crate) manager: HANDLE,
    /// `CreateOptions`.
    pub(crate) options: u32,
    /// `IsolationLevel`.
    pub(crate) isolation_level: u32,
    /// `IsolationFlags`.
    pub(crate) isolation_flags: u32,
    /// `Timeout`.
    pub(crate) timeout: PLARGE_INTEGER,
    /// `Description`.
    pub(crate) description: PUNICODE_STRING,
}

/// `ZwCreateTransaction`. Unit-of-work identifiers, names and descriptions can be given, but nothing
/// asks for them here; there are no transaction managers to name.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn create_transaction(
    thread: &Thread,
    handle: PHANDLE,
    creation: Creation,
) -> Outcome {
    if handle.is_null() {
        return Err(Status::ACCESS_VIOLATION);
    }
    if creation.access == 0
        || creation.options & !TRANSACTION_DO_NOT_PROMOTE != 0
        || creation.isolation_level != 0
        || creation.isolation_flags != 0
    {
        return Err(Status::INVALID_PARAMETER);
    }
    if !creation.manager.is_null() {
        return Err(Status::INVALID_HANDLE);
    }
    // SAFETY: the caller's promise is the same.
    let description = unsafe { Name::take(thread.previous_mode(), creation.description) }?;
    if description.is_some_and(|text| text.text().len() > MAX_DESCRIPTION) {
        return Err(Status::INVALID_PARAMETER);
    }
    // SAFETY: as above.
    let attributes = unsafe { attributes(thread.previous_mode(), creation.attributes) }?;
    // SAFETY: as above.
    let transaction = Transaction::new(unsafe { deadline(creation.timeout) })?;
    let table = match attributes & OBJ_KERNEL_HANDLE {
        0 => thread.process().handles(),
        _ => &thread.kernel().handles,
    };
    let kernel = thread.kernel();
    let object = kernel
        .objects
        .create(kernel, Body::Transaction(transaction));
    let access = match creation.access & EVERYTHING {
        0 => creation.access,
        _ => TRANSACTION_ALL_ACCESS,
    };
    let new = table.insert(object, access, thread.caller().driver);
    let new = new.ok_or(Status::INSUFFICIENT_RESOURCES)?;
    // SAFETY: the caller gave a place for the handle.
    unsafe { capture::write(handle, new.as_raw()) };
    Ok(Status::SUCCESS)
}

/// `ZwCommitTransaction`.
pub(crate) fn commit(thread: &Thread, handle: HANDLE, wait: bool) -> Outcome {
    let (status, news) = thread
        .reference_by_handle(
            "ZwCommitTransaction",
            Handle::from_raw(handle),
            ObjectType::Transaction,
            TRANSACTION_COMMIT,
        )?
        .transaction()
        .ok_or(Status::OBJECT_TYPE_MISMATCH)?
        .commit(wait)?;
    let kernel = thread.kernel();
    for (key, news) in news {
        kernel.cm.watches.tell_now(kernel, &key, news);
    }
    Ok(status)
}

/// `ZwRollbackTransaction`.
pub(crate) fn roll_back(thread: &Thread, handle: HANDLE, wait: bool) -> Outcome {
    thread
        .reference_by_handle(
            "ZwRollbackTransaction",
            Handle::from_raw(handle),
            ObjectType::Transaction,
            TRANSACTION_ROLLBACK,
        )?
        .transaction()
        .ok_or(Status::OBJECT_TYPE_MISMATCH)?
        .roll_back(wait)
}

/// References the active transaction behind a handle, to work for it.
///
/// # Errors
/// `STATUS_INVALID_HANDLE`, `STATUS_OBJECT_TYPE_MISMATCH`, `STATUS_TRANSACTION_NOT_ACTIVE`.
pub(crate) fn reference_transaction<'t>(
    thread: &'t Thread,
    call: &'static str,
    handle: HANDLE,
) -> Result<ObjectRef<'t>, Status> {
    let handle = Handle::from_raw(handle);
    let object = thread.reference_by_handle(call, handle, ObjectType::Transaction, 0)?;
    let transaction = object.transaction().ok_or(Status::OBJECT_TYPE_MISMATCH)?;
    transaction.registry(|_| Ok(()))?;
    Ok(object)
}

/// The attributes' flags; none for NULL.
///
/// # Safety
/// `attributes` is NULL or leads to attributes.
unsafe fn attributes(mode: Mode, attributes: POBJECT_ATTRIBUTES) -> Result<u32, Status> {
    if attributes.is_null() {
        return Ok(0);
    }
    // SAFETY: by this function's contract.
    let given = unsafe { attributes.read_unaligned() };
    if given.Length as usize != size_of::<OBJECT_ATTRIBUTES>() {
        return Err(Status::INVALID_PARAMETER);
    }
    Ok(match mode {
        Mode::Kernel => given.Attributes,
        Mode::User => given.Attributes & !OBJ_KERNEL_HANDLE,
    })
}

/// The system time that a time-out names: a negative one counts from now, 0 and NULL are none.
///
/// # Safety
/// `timeout` is NULL or valid for reads.
unsafe fn deadline(timeout: PLARGE_INTEGER) -> Option<u64> {
    if timeout.is_null() {
        return None;
    }
    // SAFETY: by this function's contract.
    let timeout = unsafe { timeout.cast::<i64>().read_unaligned() };
    match timeout {
        0 => None,
        1.. => Some(timeout.unsigned_abs()),
        ..0 => Some(system_time().saturating_add(timeout.unsigned_abs())),
    }
}
