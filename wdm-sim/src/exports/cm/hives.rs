//! Hives and files, as drivers call for them: every call is made from kernel mode.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwcreatefile>; the
//! registry routines have none of their own, but are behind `RegLoadKey`, `RegSaveKey` and the like:
//! <https://learn.microsoft.com/windows/win32/api/winreg/>. Files are those of
//! [`Machine::file`](crate::Machine::file); their reads and writes end at once.

use wdm_sys::{
    ACCESS_MASK, HANDLE, IO_STATUS_BLOCK, NTSTATUS, PHANDLE, PIO_APC_ROUTINE, PIO_STATUS_BLOCK,
    PLARGE_INTEGER, POBJECT_ATTRIBUTES, PULONG, PVOID, ULONG,
};

use crate::cm::capture::{self, Input, Output};
use crate::cm::ops::{self, LoadOptions, SaveFormat};
use crate::exports::exports;
use crate::exports::service::service;
use crate::files;
use crate::status::Status;

exports! {
    /// Loads a hive.
    fn ZwLoadKey(target: POBJECT_ATTRIBUTES, source: POBJECT_ATTRIBUTES) -> NTSTATUS {
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            unsafe { ops::load_key(thread, target, source, LoadOptions::none()) }
        })
    }

    /// Loads a hive, an application hive for one, with options.
    [undeclared]
    fn ZwLoadKeyEx(
        target: POBJECT_ATTRIBUTES,
        source: POBJECT_ATTRIBUTES,
        flags: ULONG,
        trust_class: HANDLE,
        event: HANDLE,
        access: ACCESS_MASK,
        root_handle: PHANDLE,
        io_status: PIO_STATUS_BLOCK,
    ) -> NTSTATUS {
        let options = LoadOptions { flags, trust_class, event, access, root_handle };
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            let outcome = unsafe { ops::load_key(thread, target, source, options) };
            // SAFETY: as above.
            unsafe { report(io_status, outcome.unwrap_or_else(|refused| refused), 0) };
            outcome
        })
    }

    /// Unloads a hive.
    fn ZwUnloadKey(target: POBJECT_ATTRIBUTES) -> NTSTATUS {
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { ops::unload_key(thread, target, false) })
    }

    /// Saves a key in the oldest format.
    fn ZwSaveKey(handle: HANDLE, file: HANDLE) -> NTSTATUS {
        let format = SaveFormat::Standard as u32;
        service(CALL, |thread| ops::save_key(thread, handle, file, format))
    }

    /// Saves a key in a format.
    [undeclared]
    fn ZwSaveKeyEx(handle: HANDLE, file: HANDLE, format: ULONG) -> NTSTATUS {
        service(CALL, |thread| ops::save_key(thread, handle, file, format))
    }

    /// Saves what two keys are when one is laid over the other.
    [undeclared]
    fn ZwSaveMergedKeys(high: HANDLE, low: HANDLE, file: HANDLE) -> NTSTATUS {
        service(CALL, |thread| ops::save_merged_keys(thread, high, low, file))
    }

    /// Restores a key from a file.
    fn ZwRestoreKey(handle: HANDLE, file: HANDLE, flags: ULONG) -> NTSTATUS {
        service(CALL, |thread| ops::restore_key(thread, handle, file, flags))
    }

    /// Replaces the file of a hive.
    fn ZwReplaceKey(
        new_file: POBJECT_ATTRIBUTES,
        handle: HANDLE,
        old_file: POBJECT_ATTRIBUTES,
    ) -> NTSTATUS {
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            unsafe { ops::replace_key(thread, new_file, handle, old_file) }
        })
    }

    /// Opens or makes a file.
    [undeclared]
    fn ZwCreateFile(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        io_status: PIO_STATUS_BLOCK,
        _allocation_size: PLARGE_INTEGER,
        _file_attributes: ULONG,
        _share_access: ULONG,
        disposition: ULONG,
        _options: ULONG,
        _extended_attributes: PVOID,
        _extended_attributes_length: ULONG,
    ) -> NTSTATUS {
        service(CALL, |thread| {
            let disposition = files::Disposition::try_from(disposition)?;
            // SAFETY: the caller vouches for its parameters.
            let opened =
                unsafe { files::create_file(thread, handle, access, attributes, disposition) };
            // SAFETY: as above.
            unsafe { finish(io_status, opened.map(|opened| opened as usize)) }
        })
    }

    /// Opens a file.
    [undeclared]
    fn ZwOpenFile(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        io_status: PIO_STATUS_BLOCK,
        _share_access: ULONG,
        _options: ULONG,
    ) -> NTSTATUS {
        service(CALL, |thread| {
            let disposition = files::Disposition::Open;
            // SAFETY: the caller vouches for its parameters.
            let opened =
                unsafe { files::create_file(thread, handle, access, attributes, disposition) };
            // SAFETY: as above.
            unsafe { finish(io_status, opened.map(|opened| opened as usize)) }
        })
    }

    /// Reads a file.
    [undeclared]
    fn ZwReadFile(
        handle: HANDLE,
        _event: HANDLE,
        _routine: PIO_APC_ROUTINE,
        _context: PVOID,
        io_status: PIO_STATUS_BLOCK,
        buffer: PVOID,
        length: ULONG,
        offset: PLARGE_INTEGER,
        _key: PULONG,
    ) -> NTSTATUS {
        let output = Output { address: buffer, length };
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            let offset = unsafe { file_offset(offset) };
            // SAFETY: as above.
            let read = unsafe { files::read_file(thread, handle, output, offset) };
            // SAFETY: as above.
            unsafe { finish(io_status, read) }
        })
    }

    /// Writes a file.
    [undeclared]
    fn ZwWriteFile(
        handle: HANDLE,
        _event: HANDLE,
        _routine: PIO_APC_ROUTINE,
        _context: PVOID,
        io_status: PIO_STATUS_BLOCK,
        buffer: PVOID,
        length: ULONG,
        offset: PLARGE_INTEGER,
        _key: PULONG,
    ) -> NTSTATUS {
        let input = Input { address: buffer, length };
        service(CALL, |thread| {
            // SAFETY: the caller vouches for its parameters.
            let offset = unsafe { file_offset(offset) };
            // SAFETY: as above.
            let written = unsafe { files::write_file(thread, handle, input, offset) };
            // SAFETY: as above.
            unsafe { finish(io_status, written) }
        })
    }
}

/// Where a read or write begins; `None` for where the last one ended.
///
/// # Safety
/// `offset` is NULL or valid for reads.
unsafe fn file_offset(offset: PLARGE_INTEGER) -> Option<u64> {
    if offset.is_null() {
        return None;
    }
    // SAFETY: by this function's contract.
    let offset = unsafe { offset.read_unaligned() };
    // SAFETY: all the union's members are made of the same 64 bits.
    let offset = unsafe { offset.QuadPart };
    // -2 is FILE_USE_FILE_POINTER_POSITION.
    u64::try_from(offset).ok()
}

/// Ends a call that tells its result twice.
///
/// # Safety
/// `io_status` is NULL or valid for writes.
unsafe fn finish(io_status: PIO_STATUS_BLOCK, result: Result<usize, Status>) -> ops::Outcome {
    let (status, information) = match result {
        Ok(information) => (Status::SUCCESS, information),
        Err(status) => (status, 0),
    };
    // SAFETY: by this function's contract.
    unsafe { report(io_status, status, information) };
    Ok(status)
}

/// Fills a caller's `IO_STATUS_BLOCK`.
///
/// # Safety
/// `io_status` is NULL or valid for writes.
unsafe fn report(io_status: PIO_STATUS_BLOCK, status: Status, information: usize) {
    // SAFETY: all zero is an empty block.
    let mut block: IO_STATUS_BLOCK = unsafe { std::mem::zeroed() };
    block.__bindgen_anon_1.Status = status.0;
    block.Information = information as _;
    // SAFETY: by this function's contract.
    unsafe { capture::write(io_status, block) };
}
