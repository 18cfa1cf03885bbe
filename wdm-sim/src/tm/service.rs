//! The system services for transactions, and what those for other objects share with them.

use std::sync::Arc;

use uuid::Uuid;
use wdm_sys::{
    GUID, HANDLE, LPGUID, OBJ_KERNEL_HANDLE, OBJECT_ATTRIBUTES, PHANDLE, PLARGE_INTEGER,
    POBJECT_ATTRIBUTES, PUNICODE_STRING, TRANSACTION_ALL_ACCESS, TRANSACTION_COMMIT,
    TRANSACTION_DO_NOT_PROMOTE, TRANSACTION_ROLLBACK,
};

use super::transaction::New;
use super::types::{MAX_DESCRIPTION, TRANSACTIONMANAGER_QUERY_INFORMATION};
use super::{Manager, Transaction};
use crate::cm::capture::{self, Name};
use crate::cm::ops::Outcome;
use crate::machine::{Kernel, Mode, Thread};
use crate::object::{Body, Handle, ObjectRef, ObjectType};
use crate::status::Status;

/// `GENERIC_ALL` and `MAXIMUM_ALLOWED`.
const EVERYTHING: u32 = 0x1200_0000;

/// What `ZwCreateTransaction` takes besides the place for the handle.
pub(crate) struct Creation {
    /// `DesiredAccess`.
    pub(crate) access: u32,
    /// `ObjectAttributes`.
    pub(crate) attributes: POBJECT_ATTRIBUTES,
    /// `Uow`.
    pub(crate) unit_of_work: LPGUID,
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

/// `ZwCreateTransaction`. A name can be given, but no routine opens a transaction by its name.
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
    let manager = match creation.manager.is_null() {
        true => None,
        false => Some(manager_by_handle(
            thread,
            "ZwCreateTransaction",
            creation.manager,
            TRANSACTIONMANAGER_QUERY_INFORMATION,
        )?),
    };
    // SAFETY: the caller's promise is the same.
    let description = unsafe { description(thread.previous_mode(), creation.description) }?;
    // SAFETY: as above.
    let given = unsafe { Given::take(thread.previous_mode(), creation.attributes) }?;
    // SAFETY: as above.
    let id = unsafe { read_guid(creation.unit_of_work) };
    let timeout = match creation.timeout.is_null() {
        true => 0,
        // SAFETY: as above.
        false => unsafe { creation.timeout.cast::<i64>().read_unaligned() },
    };
    let kernel = thread.kernel();
    let object = {
        let _one_at_a_time = kernel.unfinished.naming();
        let taken =
            |body: &Body| matches!(body, Body::Transaction(other) if Some(other.id()) == id);
        if id.is_some() && find(kernel, taken).is_some() {
            return Err(Status::OBJECT_NAME_COLLISION);
        }
        let new = New {
            id: id.unwrap_or_else(Uuid::new_v4),
            manager,
            timeout,
            description,
        };
        let transaction = Transaction::new(kernel, new)?;
        kernel
            .objects
            .create(kernel, Body::Transaction(transaction))
    };
    let access = granted(creation.access, TRANSACTION_ALL_ACCESS);
    // SAFETY: the caller gave a place for the handle.
    unsafe { insert(thread, object, access, given.flags, handle) }
}

/// `ZwCommitTransaction`.
pub(crate) fn commit(thread: &Thread, handle: HANDLE, wait: bool) -> Outcome {
    thread
        .reference_by_handle(
            "ZwCommitTransaction",
            Handle::from_raw(handle),
            ObjectType::Transaction,
            TRANSACTION_COMMIT,
        )?
        .transaction()
        .ok_or(Status::OBJECT_TYPE_MISMATCH)?
        .commit(wait)
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

/// The transaction manager behind a handle.
pub(super) fn manager_by_handle(
    thread: &Thread,
    call: &'static str,
    handle: HANDLE,
    access: u32,
) -> Result<Arc<Manager>, Status> {
    let handle = Handle::from_raw(handle);
    let object =
        thread.reference_by_handle(call, handle, ObjectType::TransactionManager, access)?;
    match object.body() {
        Body::TransactionManager(manager) => Ok(Arc::clone(manager)),
        _ => Err(Status::OBJECT_TYPE_MISMATCH),
    }
}

/// What `OBJECT_ATTRIBUTES` say of an object; nothing for NULL.
#[derive(Default)]
pub(super) struct Given {
    /// `OBJ_KERNEL_HANDLE` and others.
    pub(super) flags: u32,
    /// The name; empty for none.
    pub(super) name: Vec<u16>,
}

impl Given {
    /// # Safety
    /// `attributes` is NULL or leads to attributes.
    pub(super) unsafe fn take(mode: Mode, attributes: POBJECT_ATTRIBUTES) -> Result<Self, Status> {
        if attributes.is_null() {
            return Ok(Self::default());
        }
        // SAFETY: by this function's contract.
        let given = unsafe { attributes.read_unaligned() };
        if given.Length as usize != size_of::<OBJECT_ATTRIBUTES>() {
            return Err(Status::INVALID_PARAMETER);
        }
        // SAFETY: as above.
        let name = unsafe { Name::take(mode, given.ObjectName) }?;
        Ok(Self {
            flags: match mode {
                Mode::Kernel => given.Attributes,
                Mode::User => given.Attributes & !OBJ_KERNEL_HANDLE,
            },
            name: name.map_or(Vec::new(), |name| name.text().to_vec()),
        })
    }
}

/// A caller's description of an object; empty for NULL.
///
/// # Safety
/// `text` is NULL or leads to a string.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` if it is too long.
pub(super) unsafe fn description(mode: Mode, text: PUNICODE_STRING) -> Result<Vec<u16>, Status> {
    // SAFETY: by this function's contract.
    let text = unsafe { Name::take(mode, text) }?;
    let text = text.map_or(Vec::new(), |text| text.text().to_vec());
    match text.len() > MAX_DESCRIPTION {
        true => Err(Status::INVALID_PARAMETER),
        false => Ok(text),
    }
}

/// Reads an identifier; `None` for NULL.
///
/// # Safety
/// `place` is NULL or valid for reads.
pub(super) unsafe fn read_guid(place: *const GUID) -> Option<Uuid> {
    if place.is_null() {
        return None;
    }
    // SAFETY: by this function's contract; a GUID has 16 bytes.
    Some(Uuid::from_bytes_le(unsafe {
        place.cast::<[u8; 16]>().read_unaligned()
    }))
}

/// The rights that a handle has: `all` if generic ones are asked for.
pub(super) fn granted(access: u32, all: u32) -> u32 {
    match access & EVERYTHING {
        0 => access,
        _ => all,
    }
}

/// Makes a handle and gives it to the caller.
///
/// # Safety
/// `place` is valid for writes.
///
/// # Errors
/// `STATUS_INSUFFICIENT_RESOURCES`.
pub(super) unsafe fn insert(
    thread: &Thread,
    object: ObjectRef<'_>,
    access: u32,
    flags: u32,
    place: PHANDLE,
) -> Outcome {
    let table = match flags & OBJ_KERNEL_HANDLE {
        0 => thread.process().handles(),
        _ => &thread.kernel().handles,
    };
    let new = table.insert(object, access, thread.caller().driver);
    let new = new.ok_or(Status::INSUFFICIENT_RESOURCES)?;
    // SAFETY: by this function's contract.
    unsafe { capture::write(place, new.as_raw()) };
    Ok(Status::SUCCESS)
}

/// References the first object, in the order of their making, that a test finds.
pub(super) fn find(kernel: &Kernel, test: impl Fn(&Body) -> bool) -> Option<ObjectRef<'_>> {
    all(kernel, test).into_iter().next()
}

/// References all objects that a test finds, in the order of their making.
pub(super) fn all(kernel: &Kernel, test: impl Fn(&Body) -> bool) -> Vec<ObjectRef<'_>> {
    let mut found = kernel.objects.all();
    found.retain(|object| test(object.body()));
    found.sort_by_key(|object| object.address());
    let found = found.into_iter();
    found
        .filter_map(|object| kernel.objects.reference(kernel, object.address()))
        .collect()
}
