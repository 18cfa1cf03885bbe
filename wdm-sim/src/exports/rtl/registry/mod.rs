//! The registry through the runtime library: keys by a place and a path, values by a table.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlqueryregistryvalues>,
//! `nf-wdm-rtlwriteregistryvalue`, `nf-wdm-rtlcheckregistrykey`, `nf-wdm-rtlcreateregistrykey`,
//! `nf-wdm-rtldeleteregistryvalue` there. They are made of the system services, so registry callbacks
//! are told. There are no environment variables: what should be expanded stays as it is.

mod key;
mod query;

use wdm_sys::{KEY_ALL_ACCESS, NTSTATUS, PCWSTR, PVOID, ZwDeleteValueKey, ZwSetValueKey};

use self::key::{Key, counted};
use self::query::{Entry, Query};
use crate::exports::exports;
use crate::machine::{current, irql};
use crate::status::Status;

exports! {
    /// Looks values of a key and its subkeys up, as a table says, and gives them to the table's
    /// routines or stores them.
    [undeclared]
    fn RtlQueryRegistryValues(
        place: u32,
        path: PCWSTR,
        table: *const Entry,
        context: PVOID,
        _environment: PVOID,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a path or a handle.
        let top = match unsafe { Key::at(place, path, false) } {
            Ok(key) => key,
            Err(status) => return status.0,
        };
        let query = Query { thread: &thread, call: CALL, context };
        // SAFETY: the caller gave a table that ends with an entry that is none.
        match unsafe { query.run(&top, table) } {
            Ok(()) => Status::SUCCESS.0,
            Err(status) => status.0,
        }
    }

    /// Sets a value of a key, which is made if it is not there.
    [undeclared]
    fn RtlWriteRegistryValue(
        place: u32,
        path: PCWSTR,
        name: PCWSTR,
        kind: u32,
        data: PVOID,
        length: u32,
    ) -> NTSTATUS {
        current(CALL).require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a path or a handle.
        let key = match unsafe { Key::at(place, path, true) } {
            Ok(key) => key,
            Err(status) => return status.0,
        };
        // SAFETY: the caller gave NUL-terminated text, or NULL.
        let mut name = unsafe { counted(name) };
        // SAFETY: the key is open, and the caller gave the data.
        unsafe { ZwSetValueKey(key.handle, &raw mut name, 0, kind, data, length) }
    }

    /// Deletes a value of a key.
    [undeclared]
    fn RtlDeleteRegistryValue(place: u32, path: PCWSTR, name: PCWSTR) -> NTSTATUS {
        current(CALL).require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a path or a handle.
        let key = match unsafe { Key::open(place, path, KEY_ALL_ACCESS, false) } {
            Ok(key) => key,
            Err(status) => return status.0,
        };
        // SAFETY: the caller gave NUL-terminated text.
        let mut name = unsafe { counted(name) };
        // SAFETY: the key is open.
        unsafe { ZwDeleteValueKey(key.handle, &raw mut name) }
    }

    /// Whether there is a key: `STATUS_SUCCESS` if there is.
    [undeclared]
    fn RtlCheckRegistryKey(place: u32, path: PCWSTR) -> NTSTATUS {
        current(CALL).require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a path or a handle.
        match unsafe { Key::at(place, path, false) } {
            Ok(_) => Status::SUCCESS.0,
            Err(status) => status.0,
        }
    }

    /// Makes a key, unless there is one.
    [undeclared]
    fn RtlCreateRegistryKey(place: u32, path: PCWSTR) -> NTSTATUS {
        current(CALL).require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a path or a handle.
        match unsafe { Key::at(place, path, true) } {
            Ok(_) => Status::SUCCESS.0,
            Err(status) => status.0,
        }
    }
}
