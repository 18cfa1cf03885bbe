//! Transaction managers and resource managers, as drivers call them.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwcreatetransactionmanager>,
//! `nf-wdm-zwcreateresourcemanager` and their neighbours.

use std::sync::Arc;

use wdm_sys::{
    ACCESS_MASK, HANDLE, LPGUID, NTSTATUS, PHANDLE, PLARGE_INTEGER, POBJECT_ATTRIBUTES, PULONG,
    PUNICODE_STRING, PVOID, ULONG,
};

use super::transactions::tm_object;
use crate::cm::capture::Output;
use crate::cm::ops::Outcome;
use crate::exports::exports;
use crate::exports::ke::wait::deadline;
use crate::exports::service::service;
use crate::machine::{Kernel, Thread, current, irql};
use crate::object::{Body, Handle, ObjectType};
use crate::status::Status;
use crate::tm;

exports! {
    /// Makes a transaction manager.
    [undeclared]
    fn ZwCreateTransactionManager(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        log: PUNICODE_STRING,
        options: ULONG,
        commit_strength: ULONG,
    ) -> NTSTATUS {
        let creation = tm::ManagerCreation { access, attributes, log, options, commit_strength };
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { tm::create_manager(thread, handle, creation) })
    }

    /// Opens a transaction manager by its name or identifier.
    [undeclared]
    fn ZwOpenTransactionManager(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        log: PUNICODE_STRING,
        id: LPGUID,
        options: ULONG,
    ) -> NTSTATUS {
        let opening = tm::Opening { handle, access, attributes, id };
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { tm::open_manager(thread, opening, log, options) })
    }

    /// Tells about a transaction manager.
    [undeclared]
    fn ZwQueryInformationTransactionManager(
        handle: HANDLE,
        class: u32,
        information: PVOID,
        length: ULONG,
        result_length: PULONG,
    ) -> NTSTATUS {
        let output = Output { address: information, length };
        let query = tm::Query { class, output, length: result_length };
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { tm::query_manager(thread, handle, query) })
    }

    /// Reads a transaction manager's log, which none has here.
    [undeclared]
    fn ZwRecoverTransactionManager(handle: HANDLE) -> NTSTATUS {
        service(CALL, |thread| tm::recover_manager(thread, CALL, handle))
    }

    /// Reads a transaction manager's log up to a time, which none has here.
    [undeclared]
    fn ZwRollforwardTransactionManager(handle: HANDLE, _clock: PLARGE_INTEGER) -> NTSTATUS {
        service(CALL, |thread| tm::recover_manager(thread, CALL, handle))
    }

    /// Reads a transaction manager's log, which none has here.
    [undeclared]
    fn TmRecoverTransactionManager(manager: PVOID, _clock: *const i64) -> NTSTATUS {
        service(CALL, |thread| {
            drop(tm_object(thread, CALL, manager, ObjectType::TransactionManager)?);
            Err(Status::TM_VOLATILE)
        })
    }

    /// Gives the transaction manager of a log another identity; there are no logs here.
    [undeclared]
    fn TmRenameTransactionManager(_log: PUNICODE_STRING, _id: LPGUID) -> NTSTATUS {
        current(CALL).require_irql(irql::APC_LEVEL, CALL);
        Status::NOT_SUPPORTED.0
    }

    /// Makes a resource manager.
    [undeclared]
    fn ZwCreateResourceManager(
        handle: PHANDLE,
        access: ACCESS_MASK,
        manager: HANDLE,
        id: LPGUID,
        attributes: POBJECT_ATTRIBUTES,
        options: ULONG,
        description: PUNICODE_STRING,
    ) -> NTSTATUS {
        let creation = tm::ResourceManagerCreation {
            access,
            manager,
            id,
            attributes,
            options,
            description,
        };
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { tm::create_resource_manager(thread, handle, creation) })
    }

    /// Opens a resource manager by its identifier.
    [undeclared]
    fn ZwOpenResourceManager(
        handle: PHANDLE,
        access: ACCESS_MASK,
        manager: HANDLE,
        id: LPGUID,
        attributes: POBJECT_ATTRIBUTES,
    ) -> NTSTATUS {
        let opening = tm::Opening { handle, access, attributes, id };
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { tm::open_resource_manager(thread, opening, manager) })
    }

    /// Tells about a resource manager.
    [undeclared]
    fn ZwQueryInformationResourceManager(
        handle: HANDLE,
        class: u32,
        information: PVOID,
        length: ULONG,
        result_length: PULONG,
    ) -> NTSTATUS {
        let output = Output { address: information, length };
        let query = tm::Query { class, output, length: result_length };
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { tm::query_resource_manager(thread, handle, query) })
    }

    /// Sets nothing: its page says that it is not used.
    [undeclared]
    fn ZwSetInformationResourceManager(
        _handle: HANDLE,
        _class: u32,
        _information: PVOID,
        _length: ULONG,
    ) -> NTSTATUS {
        service(CALL, |_| Err(Status::INVALID_INFO_CLASS))
    }

    /// Has a resource manager's enlistments recovered.
    [undeclared]
    fn ZwRecoverResourceManager(handle: HANDLE) -> NTSTATUS {
        service(CALL, |thread| {
            let handle = Handle::from_raw(handle);
            let access = tm::RESOURCEMANAGER_RECOVER;
            let kind = ObjectType::ResourceManager;
            let object = thread.reference_by_handle(CALL, handle, kind, access)?;
            with_resource_manager(thread, object.body(), tm::recover_resource_manager)
        })
    }

    /// Has a resource manager's enlistments recovered.
    [undeclared]
    fn TmRecoverResourceManager(manager: PVOID) -> NTSTATUS {
        service(CALL, |thread| {
            let object = tm_object(thread, CALL, manager, ObjectType::ResourceManager)?;
            with_resource_manager(thread, object.body(), tm::recover_resource_manager)
        })
    }

    /// Takes a resource manager's next notification, when there is one.
    [undeclared]
    fn ZwGetNotificationResourceManager(
        handle: HANDLE,
        notification: PVOID,
        length: ULONG,
        timeout: PLARGE_INTEGER,
        result_length: PULONG,
        asynchronous: ULONG,
        context: PVOID,
    ) -> NTSTATUS {
        // SAFETY: the caller gave a time, or NULL.
        let timeout = unsafe { timeout.as_ref() };
        // SAFETY: all the union's members are made of the same 64 bits.
        let timeout = timeout.map(|time| deadline(unsafe { time.QuadPart }));
        let buffer = Output { address: notification, length };
        service(CALL, |thread| {
            let asynchronous = (asynchronous, context);
            // SAFETY: the caller vouches for its parameters.
            unsafe {
                tm::get_notification(thread, handle, buffer, timeout, result_length, asynchronous)
            }
        })
    }

    /// Has a resource manager's notifications go to a callback routine.
    [undeclared]
    fn TmEnableCallbacks(manager: PVOID, routine: PVOID, key: PVOID) -> NTSTATUS {
        service(CALL, |thread| {
            let object = tm_object(thread, CALL, manager, ObjectType::ResourceManager)?;
            let Body::ResourceManager(manager) = object.body() else {
                return Err(Status::OBJECT_TYPE_MISMATCH);
            };
            let [routine, key] = [routine, key].map(|pointer| pointer.expose_provenance());
            tm::enable_callbacks(thread, CALL, manager, routine, key)
        })
    }
}

fn with_resource_manager(
    thread: &Thread,
    body: &Body,
    work: impl FnOnce(&Arc<Kernel>, &Arc<tm::ResourceManager>),
) -> Outcome {
    let Body::ResourceManager(manager) = body else {
        return Err(Status::OBJECT_TYPE_MISMATCH);
    };
    work(thread.kernel(), manager);
    Ok(Status::SUCCESS)
}
