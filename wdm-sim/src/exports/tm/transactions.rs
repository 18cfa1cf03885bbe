//! The system services for transactions, and for keys in them, as drivers call them.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwcreatetransaction>
//! and its neighbours.

use wdm_sys::{
    ACCESS_MASK, BOOLEAN, HANDLE, LPGUID, NTSTATUS, PHANDLE, PLARGE_INTEGER, POBJECT_ATTRIBUTES,
    PULONG, PUNICODE_STRING, PVOID, REG_OPTION_BACKUP_RESTORE, REG_OPTION_OPEN_LINK, ULONG,
};

use crate::cm::capture::{self, Input, Output};
use crate::cm::ops::{self, Creation, Outcome};
use crate::exports::exports;
use crate::exports::ob::objects::live_object;
use crate::exports::service::service;
use crate::machine::{Thread, current};
use crate::object::{ObjectRef, ObjectType};
use crate::status::Status;
use crate::tm;
use crate::verifier::Rule;

exports! {
    /// Creates a transaction.
    fn ZwCreateTransaction(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        unit_of_work: LPGUID,
        manager: HANDLE,
        options: ULONG,
        isolation_level: ULONG,
        isolation_flags: ULONG,
        timeout: PLARGE_INTEGER,
        description: PUNICODE_STRING,
    ) -> NTSTATUS {
        let creation = tm::Creation {
            access,
            attributes,
            unit_of_work,
            manager,
            options,
            isolation_level,
            isolation_flags,
            timeout,
            description,
        };
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { tm::create_transaction(thread, handle, creation) })
    }

    /// Makes what was done in a transaction permanent, and everybody's.
    fn ZwCommitTransaction(transaction: HANDLE, wait: BOOLEAN) -> NTSTATUS {
        service(CALL, |thread| tm::commit(thread, transaction, wait != 0))
    }

    /// Undoes what was done in a transaction.
    fn ZwRollbackTransaction(transaction: HANDLE, wait: BOOLEAN) -> NTSTATUS {
        service(CALL, |thread| tm::roll_back(thread, transaction, wait != 0))
    }

    /// Opens a transaction by its unit of work.
    [undeclared]
    fn ZwOpenTransaction(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        unit_of_work: LPGUID,
        manager: HANDLE,
    ) -> NTSTATUS {
        let opening = tm::Opening { handle, access, attributes, id: unit_of_work };
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { tm::open_transaction(thread, opening, manager) })
    }

    /// Tells about a transaction.
    [undeclared]
    fn ZwQueryInformationTransaction(
        handle: HANDLE,
        class: u32,
        information: PVOID,
        length: ULONG,
        result_length: PULONG,
    ) -> NTSTATUS {
        let output = Output { address: information, length };
        let query = tm::Query { class, output, length: result_length };
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { tm::query_transaction(thread, handle, query) })
    }

    /// Sets a transaction's time-out and description.
    [undeclared]
    fn ZwSetInformationTransaction(
        handle: HANDLE,
        class: u32,
        information: PVOID,
        length: ULONG,
    ) -> NTSTATUS {
        let input = Input { address: information, length };
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { tm::set_transaction(thread, handle, class, input) })
    }

    /// Lists the transaction manager's objects.
    [undeclared]
    fn ZwEnumerateTransactionObject(
        root: HANDLE,
        kind: u32,
        cursor: PVOID,
        length: ULONG,
        result_length: PULONG,
    ) -> NTSTATUS {
        let cursor = Output { address: cursor, length };
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            unsafe { tm::enumerate(thread, root, kind, cursor, result_length) }
        })
    }

    /// Makes what was done in a transaction permanent, and everybody's.
    [undeclared]
    fn TmCommitTransaction(transaction: PVOID, wait: BOOLEAN) -> NTSTATUS {
        with_transaction(CALL, transaction, |transaction| transaction.commit(wait != 0))
    }

    /// Undoes what was done in a transaction.
    [undeclared]
    fn TmRollbackTransaction(transaction: PVOID, wait: BOOLEAN) -> NTSTATUS {
        with_transaction(CALL, transaction, |transaction| transaction.roll_back(wait != 0))
    }

    /// Gives a transaction's unit of work.
    [undeclared]
    fn TmGetTransactionId(transaction: PVOID, unit_of_work: LPGUID) {
        let thread = current(CALL);
        if let Ok(object) = tm_object(&thread, CALL, transaction, ObjectType::Transaction)
            && let Some(transaction) = object.transaction()
        {
            let bytes = transaction.id().to_bytes_le();
            // SAFETY: the caller gave a place for it; a GUID has 16 bytes.
            unsafe { capture::write(unit_of_work.cast(), bytes) };
        }
    }

    /// Whether a transaction's end has not begun.
    [undeclared]
    fn TmIsTransactionActive(transaction: PVOID) -> BOOLEAN {
        let thread = current(CALL);
        let object = tm_object(&thread, CALL, transaction, ObjectType::Transaction);
        let transaction = object.as_ref().ok().and_then(|object| object.transaction());
        transaction.is_some_and(|transaction| transaction.is_active()).into()
    }

    /// Creates a key in a transaction, or opens it if it exists.
    fn ZwCreateKeyTransacted(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        _title_index: ULONG,
        class: PUNICODE_STRING,
        options: ULONG,
        transaction: HANDLE,
        disposition: PULONG,
    ) -> NTSTATUS {
        let creation = Creation { class, disposition };
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe {
            ops::create_key_transacted(
                thread, handle, access, attributes, options, transaction, creation,
            )
        })
    }

    /// Opens a key in a transaction.
    fn ZwOpenKeyTransacted(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        transaction: HANDLE,
    ) -> NTSTATUS {
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe {
            ops::open_key_transacted(thread, handle, access, attributes, 0, transaction)
        })
    }

    /// Opens a key in a transaction, with options.
    fn ZwOpenKeyTransactedEx(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        options: ULONG,
        transaction: HANDLE,
    ) -> NTSTATUS {
        service(CALL, |thread| {
            if options & !(REG_OPTION_OPEN_LINK | REG_OPTION_BACKUP_RESTORE) != 0 {
                return Err(Status::INVALID_PARAMETER_4);
            }
            // SAFETY: the caller vouches for its parameters.
            unsafe {
                ops::open_key_transacted(thread, handle, access, attributes, options, transaction)
            }
        })
    }
}

/// References the object of the transaction manager's that a driver names by its address.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER`, with a finding, for anything but a live object of that type.
pub(super) fn tm_object<'t>(
    thread: &'t Thread,
    call: &'static str,
    object: PVOID,
    object_type: ObjectType,
) -> Result<ObjectRef<'t>, Status> {
    let object = live_object(thread, call, object)?;
    if object.object_type() != object_type {
        let detail = format!("a {} was passed for a {object_type}", object.object_type());
        thread.finding(Rule::Object, call, detail);
        return Err(Status::INVALID_PARAMETER);
    }
    Ok(object)
}

fn with_transaction(
    call: &'static str,
    transaction: PVOID,
    body: impl FnOnce(&tm::Transaction) -> Outcome,
) -> NTSTATUS {
    service(call, |thread| {
        let object = tm_object(thread, call, transaction, ObjectType::Transaction)?;
        body(object.transaction().ok_or(Status::OBJECT_TYPE_MISMATCH)?)
    })
}
