//! The system services for transactions, and for keys in them, as drivers call them.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwcreatetransaction>
//! and its neighbours.

use wdm_sys::{
    ACCESS_MASK, BOOLEAN, HANDLE, LPGUID, NTSTATUS, PHANDLE, PLARGE_INTEGER, POBJECT_ATTRIBUTES,
    PULONG, PUNICODE_STRING, REG_OPTION_BACKUP_RESTORE, REG_OPTION_OPEN_LINK, ULONG,
};

use super::exports;
use super::zw::service;
use crate::cm::ops::{self, Creation};
use crate::status::Status;
use crate::tm;

exports! {
    /// Creates a transaction.
    fn ZwCreateTransaction(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        _unit_of_work: LPGUID,
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
