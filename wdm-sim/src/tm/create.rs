//! Making transaction managers, resource managers and enlistments (T8, T9).

use std::sync::Arc;

use uuid::Uuid;
use wdm_sys::{
    GUID, HANDLE, PHANDLE, POBJECT_ATTRIBUTES, PUNICODE_STRING, TRANSACTION_ENLIST,
    TRANSACTION_MANAGER_MAXIMUM_OPTION, TRANSACTION_MANAGER_VOLATILE, TRANSACTION_NOTIFY_MASK,
    TRANSACTION_NOTIFY_ROLLBACK,
};

use super::enlistment::Wanted;
use super::service::{Given, description, find, granted, insert, manager_by_handle, read_guid};
use super::types::{
    ENLISTMENT_ALL_ACCESS, ENLISTMENT_SUBORDINATE_RIGHTS, ENLISTMENT_SUPERIOR,
    ENLISTMENT_SUPERIOR_RIGHTS, RESOURCE_MANAGER_OPTIONS, RESOURCE_MANAGER_VOLATILE,
    RESOURCEMANAGER_ALL_ACCESS, RESOURCEMANAGER_ENLIST, TRANSACTIONMANAGER_ALL_ACCESS,
    TRANSACTIONMANAGER_CREATE_RM,
};
use super::{Manager, ResourceManager};
use crate::cm::capture::Name;
use crate::cm::ops::Outcome;
use crate::machine::Thread;
use crate::object::{Body, Handle, Object, ObjectType};
use crate::registry::upcase;
use crate::status::Status;
use crate::verifier::Rule;

/// What `ZwCreateTransactionManager` takes besides the place for the handle.
pub(crate) struct ManagerCreation {
    /// `DesiredAccess`.
    pub(crate) access: u32,
    /// `ObjectAttributes`.
    pub(crate) attributes: POBJECT_ATTRIBUTES,
    /// `LogFileName`.
    pub(crate) log: PUNICODE_STRING,
    /// `CreateOptions`.
    pub(crate) options: u32,
    /// `CommitStrength`.
    pub(crate) commit_strength: u32,
}

/// `ZwCreateTransactionManager`. One that is to have a log is answered with `STATUS_NOT_SUPPORTED`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn create_manager(
    thread: &Thread,
    handle: PHANDLE,
    creation: ManagerCreation,
) -> Outcome {
    if handle.is_null() {
        return Err(Status::ACCESS_VIOLATION);
    }
    let is_volatile = creation.options & TRANSACTION_MANAGER_VOLATILE != 0;
    // SAFETY: the caller's promise is the same.
    let log = unsafe { Name::take(thread.previous_mode(), creation.log) }?;
    if creation.options & !TRANSACTION_MANAGER_MAXIMUM_OPTION != 0
        || creation.commit_strength != 0
        || is_volatile == log.is_some()
    {
        return Err(Status::INVALID_PARAMETER);
    }
    if !is_volatile {
        return Err(Status::NOT_SUPPORTED);
    }
    // SAFETY: as above.
    let given = unsafe { Given::take(thread.previous_mode(), creation.attributes) }?;
    let kernel = thread.kernel();
    let object = {
        let _one_at_a_time = kernel.unfinished.naming();
        if !given.name.is_empty() {
            check_name(&given.name)?;
            let taken = find(kernel, |body| is_named(body, &given.name));
            // A name lasts as long as a handle.
            if taken.is_some_and(|taken| taken.handle_count() > 0) {
                return Err(Status::OBJECT_NAME_COLLISION);
            }
        }
        let manager = Arc::new(Manager::new(given.name));
        let body = Body::TransactionManager(manager);
        kernel.objects.create(kernel, body)
    };
    let access = granted(creation.access, TRANSACTIONMANAGER_ALL_ACCESS);
    // SAFETY: the caller gave a place for the handle.
    unsafe { insert(thread, object, access, given.flags, handle) }
}

/// Whether a name is one in the object namespace.
pub(super) fn check_name(name: &[u16]) -> Result<(), Status> {
    match name {
        [first, _, ..] if *first == u16::from(b'\\') => Ok(()),
        _ => Err(Status::OBJECT_NAME_INVALID),
    }
}

/// Whether an object is a transaction manager of that name.
pub(super) fn is_named(body: &Body, name: &[u16]) -> bool {
    matches!(body, Body::TransactionManager(manager) if upcase::equal(manager.name(), name))
}

/// What `ZwCreateResourceManager` takes besides the place for the handle.
pub(crate) struct ResourceManagerCreation {
    /// `DesiredAccess`.
    pub(crate) access: u32,
    /// `TmHandle`.
    pub(crate) manager: HANDLE,
    /// `ResourceManagerGuid`.
    pub(crate) id: *const GUID,
    /// `ObjectAttributes`.
    pub(crate) attributes: POBJECT_ATTRIBUTES,
    /// `CreateOptions`.
    pub(crate) options: u32,
    /// `Description`.
    pub(crate) description: PUNICODE_STRING,
}

/// `ZwCreateResourceManager`. A name can be given, but no routine opens a resource manager by its
/// name.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn create_resource_manager(
    thread: &Thread,
    handle: PHANDLE,
    creation: ResourceManagerCreation,
) -> Outcome {
    if handle.is_null() {
        return Err(Status::ACCESS_VIOLATION);
    }
    let manager = manager_by_handle(
        thread,
        "ZwCreateResourceManager",
        creation.manager,
        TRANSACTIONMANAGER_CREATE_RM,
    )?;
    if creation.options & !RESOURCE_MANAGER_OPTIONS != 0 {
        return Err(Status::INVALID_PARAMETER);
    }
    // SAFETY: the caller's promise is the same.
    let description = unsafe { description(thread.previous_mode(), creation.description) }?;
    if creation.options & RESOURCE_MANAGER_VOLATILE == 0 {
        return Err(Status::TM_VOLATILE);
    }
    // SAFETY: as above.
    let given = unsafe { Given::take(thread.previous_mode(), creation.attributes) }?;
    // SAFETY: as above.
    let id = unsafe { read_guid(creation.id) };
    let kernel = thread.kernel();
    let object = {
        let _one_at_a_time = kernel.unfinished.naming();
        let taken = |body: &Body| {
            matches!(body, Body::ResourceManager(other) if Some(other.id()) == id
                && Arc::ptr_eq(other.manager(), &manager))
        };
        if id.is_some() && find(kernel, taken).is_some() {
            return Err(Status::OBJECT_NAME_COLLISION);
        }
        let id = id.unwrap_or_else(Uuid::new_v4);
        let owner = thread.caller().driver;
        let made = ResourceManager::new(id, &manager, &description, owner);
        let body = Body::ResourceManager(Arc::new(made));
        kernel.objects.create(kernel, body)
    };
    let access = granted(creation.access, RESOURCEMANAGER_ALL_ACCESS);
    // SAFETY: the caller gave a place for the handle.
    unsafe { insert(thread, object, access, given.flags, handle) }
}

/// What `ZwCreateEnlistment` and `TmCreateEnlistment` take besides the two objects and the place for
/// the handle.
pub(crate) struct EnlistmentCreation {
    /// `DesiredAccess`.
    pub(crate) access: u32,
    /// `ObjectAttributes`.
    pub(crate) attributes: POBJECT_ATTRIBUTES,
    /// `CreateOptions`.
    pub(crate) options: u32,
    /// `NotificationMask`.
    pub(crate) mask: u32,
    /// `EnlistmentKey`.
    pub(crate) key: usize,
}

/// `ZwCreateEnlistment`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn create_enlistment(
    thread: &Thread,
    call: &'static str,
    handle: PHANDLE,
    [resource_manager, transaction]: [HANDLE; 2],
    creation: EnlistmentCreation,
) -> Outcome {
    let [resource_manager, transaction] = [
        (
            resource_manager,
            ObjectType::ResourceManager,
            RESOURCEMANAGER_ENLIST,
        ),
        (transaction, ObjectType::Transaction, TRANSACTION_ENLIST),
    ]
    .map(|(handle, object_type, access)| {
        thread.reference_by_handle(call, Handle::from_raw(handle), object_type, access)
    });
    // SAFETY: the caller's promise is the same.
    unsafe {
        enlist(
            thread,
            call,
            handle,
            [&*resource_manager?, &*transaction?],
            creation,
        )
    }
}

/// `TmCreateEnlistment`: as `ZwCreateEnlistment`, with objects in place of handles. A name can be
/// given, but no routine opens an enlistment by its name.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn enlist(
    thread: &Thread,
    call: &'static str,
    handle: PHANDLE,
    [resource_manager, transaction]: [&Object; 2],
    creation: EnlistmentCreation,
) -> Outcome {
    let (Body::ResourceManager(resource_manager), Some(transaction)) =
        (resource_manager.body(), transaction.transaction())
    else {
        return Err(Status::OBJECT_TYPE_MISMATCH);
    };
    if handle.is_null() {
        return Err(Status::ACCESS_VIOLATION);
    }
    if creation.options & !ENLISTMENT_SUPERIOR != 0
        || creation.mask == 0
        || creation.mask & !TRANSACTION_NOTIFY_MASK != 0
    {
        return Err(Status::INVALID_PARAMETER);
    }
    let superior = creation.options & ENLISTMENT_SUPERIOR != 0;
    let access = granted(creation.access, ENLISTMENT_ALL_ACCESS);
    let needed = match superior {
        true => ENLISTMENT_SUPERIOR_RIGHTS,
        false => ENLISTMENT_SUBORDINATE_RIGHTS,
    };
    if access & needed == 0 {
        let detail = "DesiredAccess lacks ENLISTMENT_SUBORDINATE_RIGHTS, or \
                      ENLISTMENT_SUPERIOR_RIGHTS for a superior enlistment";
        thread.finding(Rule::T9, call, detail);
    }
    if creation.mask & TRANSACTION_NOTIFY_ROLLBACK == 0 {
        let detail = "NotificationMask lacks TRANSACTION_NOTIFY_ROLLBACK, which all resource \
                      managers must support";
        thread.finding(Rule::T9, call, detail);
    }
    // SAFETY: the caller's promise is the same.
    let given = unsafe { Given::take(thread.previous_mode(), creation.attributes) }?;
    let wanted = Wanted {
        mask: creation.mask,
        superior,
        key: creation.key,
    };
    let kernel = thread.kernel();
    let object = transaction
        .enlist(kernel, resource_manager, wanted)
        .inspect_err(|&status| {
            if status == Status::TRANSACTION_NOT_ACTIVE && transaction.has_ended_openly() {
                let detail = "the transaction has ended; enlist when work is done in it";
                thread.finding(Rule::T9, call, detail);
            }
        })?;
    // SAFETY: the caller gave a place for the handle.
    unsafe { insert(thread, object, access, given.flags, handle) }
}
