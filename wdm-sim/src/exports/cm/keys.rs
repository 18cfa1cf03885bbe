//! The registry's system services, as drivers call them: every call is made from kernel mode. Those of
//! code that [`ThreadGuard::in_user_mode`](crate::ThreadGuard::in_user_mode) runs are the exception.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwcreatekey> and its
//! neighbours; those of hives are in [`hives`](super::hives), those of transactions in
//! `tm`.

use wdm_sys::{
    ACCESS_MASK, BOOLEAN, HANDLE, KEY_INFORMATION_CLASS, KEY_SET_INFORMATION_CLASS,
    KEY_VALUE_INFORMATION_CLASS, NTSTATUS, PHANDLE, PIO_APC_ROUTINE, PIO_STATUS_BLOCK,
    PKEY_VALUE_ENTRY, POBJECT_ATTRIBUTES, PSECURITY_DESCRIPTOR, PULONG, PUNICODE_STRING, PVOID,
    SECURITY_INFORMATION, ULONG,
};

use crate::cm::capture::{Input, Output};
use crate::cm::ops::{self, Creation, Tell};
use crate::exports::exports;
use crate::exports::service::service;

use crate::status::Status;
use crate::verifier::Rule;

exports! {
    /// Creates a key, or opens it if it exists.
    fn ZwCreateKey(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        _title_index: ULONG,
        class: PUNICODE_STRING,
        options: ULONG,
        disposition: PULONG,
    ) -> NTSTATUS {
        let creation = Creation { class, disposition };
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            unsafe { ops::create_key(thread, handle, access, attributes, options, creation) }
        })
    }

    /// Opens a key.
    fn ZwOpenKey(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
    ) -> NTSTATUS {
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { ops::open_key(thread, handle, access, attributes, 0) })
    }

    /// Opens a key with options.
    fn ZwOpenKeyEx(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        options: ULONG,
    ) -> NTSTATUS {
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            unsafe { ops::open_key(thread, handle, access, attributes, options) }
        })
    }

    /// Deletes a key.
    fn ZwDeleteKey(handle: HANDLE) -> NTSTATUS {
        service(CALL, |thread| ops::delete_key(thread, handle))
    }

    /// Renames a key.
    fn ZwRenameKey(handle: HANDLE, new_name: PUNICODE_STRING) -> NTSTATUS {
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { ops::rename_key(thread, handle, new_name) })
    }

    /// Makes sure that a key is on disk.
    fn ZwFlushKey(handle: HANDLE) -> NTSTATUS {
        service(CALL, |thread| ops::flush_key(thread, handle))
    }

    /// Tells about a key.
    fn ZwQueryKey(
        handle: HANDLE,
        class: KEY_INFORMATION_CLASS,
        information: PVOID,
        length: ULONG,
        result_length: PULONG,
    ) -> NTSTATUS {
        let output = Output { address: information, length };
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            unsafe { ops::query_key(thread, handle, class, output, result_length) }
        })
    }

    /// Tells about a subkey by its number.
    fn ZwEnumerateKey(
        handle: HANDLE,
        index: ULONG,
        class: KEY_INFORMATION_CLASS,
        information: PVOID,
        length: ULONG,
        result_length: PULONG,
    ) -> NTSTATUS {
        let output = Output { address: information, length };
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            unsafe { ops::enumerate_key(thread, handle, index, class, output, result_length) }
        })
    }

    /// Changes a property of a key.
    fn ZwSetInformationKey(
        handle: HANDLE,
        class: KEY_SET_INFORMATION_CLASS,
        information: PVOID,
        length: ULONG,
    ) -> NTSTATUS {
        let input = Input { address: information, length };
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            unsafe { ops::set_information(thread, handle, class, input) }
        })
    }

    /// Sets a value.
    fn ZwSetValueKey(
        handle: HANDLE,
        name: PUNICODE_STRING,
        title_index: ULONG,
        kind: ULONG,
        data: PVOID,
        size: ULONG,
    ) -> NTSTATUS {
        let data = Input { address: data, length: size };
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            unsafe { ops::set_value(thread, handle, name, title_index, kind, data) }
        })
    }

    /// Deletes a value.
    fn ZwDeleteValueKey(handle: HANDLE, name: PUNICODE_STRING) -> NTSTATUS {
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { ops::delete_value(thread, handle, name) })
    }

    /// Tells about a value by its name.
    fn ZwQueryValueKey(
        handle: HANDLE,
        name: PUNICODE_STRING,
        class: KEY_VALUE_INFORMATION_CLASS,
        information: PVOID,
        length: ULONG,
        result_length: PULONG,
    ) -> NTSTATUS {
        let output = Output { address: information, length };
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            unsafe { ops::query_value(thread, handle, name, class, output, result_length) }
        })
    }

    /// Tells about a value by its number.
    fn ZwEnumerateValueKey(
        handle: HANDLE,
        index: ULONG,
        class: KEY_VALUE_INFORMATION_CLASS,
        information: PVOID,
        length: ULONG,
        result_length: PULONG,
    ) -> NTSTATUS {
        let output = Output { address: information, length };
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            unsafe { ops::enumerate_value(thread, handle, index, class, output, result_length) }
        })
    }

    /// Gives the data of several values at once.
    fn ZwQueryMultipleValueKey(
        handle: HANDLE,
        entries: PKEY_VALUE_ENTRY,
        count: ULONG,
        buffer: PVOID,
        buffer_length: PULONG,
        required_length: PULONG,
    ) -> NTSTATUS {
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            unsafe {
                ops::query_multiple_values(
                    thread,
                    handle,
                    entries,
                    count,
                    buffer,
                    buffer_length,
                    required_length,
                )
            }
        })
    }

    /// Gives a key's security descriptor.
    fn ZwQuerySecurityObject(
        handle: HANDLE,
        wanted: SECURITY_INFORMATION,
        descriptor: PSECURITY_DESCRIPTOR,
        length: ULONG,
        length_needed: PULONG,
    ) -> NTSTATUS {
        let output = Output { address: descriptor, length };
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            unsafe { ops::query_security(thread, handle, wanted, output, length_needed) }
        })
    }

    /// Sets a key's security descriptor.
    fn ZwSetSecurityObject(
        handle: HANDLE,
        wanted: SECURITY_INFORMATION,
        descriptor: PSECURITY_DESCRIPTOR,
    ) -> NTSTATUS {
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            unsafe { ops::set_security(thread, handle, wanted, descriptor) }
        })
    }

    /// Waits for a key to change, or has an event signalled when it does. Work items in place of
    /// `ApcRoutine` are not there yet: `STATUS_NOT_IMPLEMENTED`.
    fn ZwNotifyChangeKey(
        handle: HANDLE,
        event: HANDLE,
        routine: PIO_APC_ROUTINE,
        _context: PVOID,
        io_status: PIO_STATUS_BLOCK,
        filter: ULONG,
        subtree: BOOLEAN,
        buffer: PVOID,
        length: ULONG,
        asynchronous: BOOLEAN,
    ) -> NTSTATUS {
        let tell = match asynchronous {
            0 => Tell::Return(io_status),
            _ => Tell::Signal(io_status, event),
        };
        service(CALL, |thread| {
            if routine.is_some() {
                return Err(Status::NOT_IMPLEMENTED);
            }
            if !buffer.is_null() || length != 0 {
                let detail = "Buffer and BufferSize are reserved; give NULL and 0";
                thread.finding(Rule::Parameter, CALL, detail);
            }
            // SAFETY: the caller vouches for its parameters.
            unsafe { ops::notify_change(thread, handle, filter, subtree != 0, tell) }
        })
    }

}
