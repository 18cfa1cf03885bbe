//! Opening objects by their identifiers (T18), transaction managers also by name.

use std::sync::Arc;

use uuid::Uuid;
use wdm_sys::{GUID, HANDLE, PHANDLE, POBJECT_ATTRIBUTES, PUNICODE_STRING, TRANSACTION_ALL_ACCESS};

use super::create::{check_name, is_named};
use super::service::{Given, find, granted, insert, manager_by_handle, read_guid};
use super::types::{
    ENLISTMENT_ALL_ACCESS, RESOURCEMANAGER_ALL_ACCESS, RESOURCEMANAGER_QUERY_INFORMATION,
    TRANSACTIONMANAGER_ALL_ACCESS, TRANSACTIONMANAGER_QUERY_INFORMATION,
};
use crate::cm::capture::Name;
use crate::cm::ops::Outcome;
use crate::machine::Thread;
use crate::object::{Body, Handle, ObjectType};
use crate::status::Status;

/// What all these routines take.
pub(crate) struct Opening {
    /// The place for the handle.
    pub(crate) handle: PHANDLE,
    /// `DesiredAccess`.
    pub(crate) access: u32,
    /// `ObjectAttributes`.
    pub(crate) attributes: POBJECT_ATTRIBUTES,
    /// The identifier.
    pub(crate) id: *const GUID,
}

impl Opening {
    /// The identifier, which must be given, as must the access.
    ///
    /// # Safety
    /// The pointers are as the routine's page asks.
    unsafe fn required(&self) -> Result<Uuid, Status> {
        if self.handle.is_null() {
            return Err(Status::ACCESS_VIOLATION);
        }
        // SAFETY: by this function's contract.
        let id = unsafe { read_guid(self.id) }.filter(|_| self.access != 0);
        id.ok_or(Status::INVALID_PARAMETER)
    }

    /// Opens the first object that a test finds.
    ///
    /// # Safety
    /// As above.
    unsafe fn open(
        &self,
        thread: &Thread,
        all: u32,
        missing: Status,
        test: impl Fn(&Body) -> bool,
    ) -> Outcome {
        // SAFETY: by this function's contract.
        let given = unsafe { Given::take(thread.previous_mode(), self.attributes) }?;
        let object = find(thread.kernel(), test).ok_or(missing)?;
        let access = granted(self.access, all);
        // SAFETY: as above.
        unsafe { insert(thread, object, access, given.flags, self.handle) }
    }
}

/// `ZwOpenTransactionManager`: by one of a name, a log's file, which none has here, and an identifier.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn open_manager(
    thread: &Thread,
    opening: Opening,
    log: PUNICODE_STRING,
    options: u32,
) -> Outcome {
    if opening.handle.is_null() {
        return Err(Status::ACCESS_VIOLATION);
    }
    let mode = thread.previous_mode();
    // SAFETY: the caller's promise is the same.
    let given = unsafe { Given::take(mode, opening.attributes) }?;
    // SAFETY: as above.
    let log = unsafe { Name::take(mode, log) }?;
    // SAFETY: as above.
    let id = unsafe { read_guid(opening.id) };
    let named = [!given.name.is_empty(), log.is_some(), id.is_some()];
    if options != 0 || named.into_iter().filter(|&by| by).count() != 1 {
        return Err(Status::INVALID_PARAMETER);
    }
    if !given.name.is_empty() {
        check_name(&given.name)?;
    }
    let missing = match named {
        [true, ..] => Status::OBJECT_NAME_NOT_FOUND,
        _ => Status::TRANSACTIONMANAGER_NOT_FOUND,
    };
    let test = |body: &Body| match (body, id) {
        (Body::TransactionManager(manager), Some(id)) => manager.id() == id,
        _ => named[0] && is_named(body, &given.name),
    };
    // SAFETY: as above.
    unsafe { opening.open(thread, TRANSACTIONMANAGER_ALL_ACCESS, missing, test) }
}

/// `ZwOpenResourceManager`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn open_resource_manager(
    thread: &Thread,
    opening: Opening,
    manager: HANDLE,
) -> Outcome {
    // SAFETY: the caller's promise is the same.
    let id = unsafe { opening.required() }?;
    let access = TRANSACTIONMANAGER_QUERY_INFORMATION;
    let manager = manager_by_handle(thread, "ZwOpenResourceManager", manager, access)?;
    let test = |body: &Body| {
        matches!(body, Body::ResourceManager(one) if one.id() == id
            && Arc::ptr_eq(one.manager(), &manager))
    };
    let missing = Status::RESOURCEMANAGER_NOT_FOUND;
    // SAFETY: as above.
    unsafe { opening.open(thread, RESOURCEMANAGER_ALL_ACCESS, missing, test) }
}

/// `ZwOpenTransaction`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn open_transaction(
    thread: &Thread,
    opening: Opening,
    manager: HANDLE,
) -> Outcome {
    // SAFETY: the caller's promise is the same.
    let id = unsafe { opening.required() }?;
    let manager = match manager.is_null() {
        true => None,
        false => {
            let access = TRANSACTIONMANAGER_QUERY_INFORMATION;
            Some(manager_by_handle(
                thread,
                "ZwOpenTransaction",
                manager,
                access,
            )?)
        }
    };
    let test = |body: &Body| match (body, &manager) {
        (Body::Transaction(one), None) => one.id() == id,
        (Body::Transaction(one), Some(manager)) => one.id() == id && one.belongs_to(manager),
        _ => false,
    };
    let missing = Status::TRANSACTION_NOT_FOUND;
    // SAFETY: as above.
    unsafe { opening.open(thread, TRANSACTION_ALL_ACCESS, missing, test) }
}

/// `ZwOpenEnlistment`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn open_enlistment(
    thread: &Thread,
    opening: Opening,
    resource_manager: HANDLE,
) -> Outcome {
    // SAFETY: the caller's promise is the same.
    let id = unsafe { opening.required() }?;
    let owner = thread.reference_by_handle(
        "ZwOpenEnlistment",
        Handle::from_raw(resource_manager),
        ObjectType::ResourceManager,
        RESOURCEMANAGER_QUERY_INFORMATION,
    )?;
    let Body::ResourceManager(owner) = owner.body() else {
        return Err(Status::OBJECT_TYPE_MISMATCH);
    };
    let test = |body: &Body| {
        matches!(body, Body::Enlistment(one) if one.id() == id
            && Arc::ptr_eq(one.resource_manager(), owner))
    };
    let missing = Status::ENLISTMENT_NOT_FOUND;
    // SAFETY: as above.
    unsafe { opening.open(thread, ENLISTMENT_ALL_ACCESS, missing, test) }
}
