//! What a process is, and how it and its threads end.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-zwopenprocess>,
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-selocateprocessimagename>,
//! `nf-ntifs-psisthreadterminating`,
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-psgetprocesscreatetimequadpart>,
//! `nf-ntddk-psgetprocessexitstatus`, `nf-ntddk-psgetthreadexitstatus`,
//! <https://learn.microsoft.com/windows/win32/procthread/zwqueryinformationprocess>.

use std::ffi::c_char;
use std::ptr::null_mut;

use wdm_sys::{
    ACCESS_MASK, BOOLEAN, HANDLE, NTSTATUS, PCLIENT_ID, PHANDLE, POBJECT_ATTRIBUTES, PULONG, PVOID,
    ULONG, UNICODE_STRING,
};

use super::processes::{by_id, process_at, thread_at};
use crate::exports::ex::pool::allocate_paged;
use crate::exports::exports;
use crate::exports::ob::objects as ob;
use crate::machine::{ProcessState, current, irql};
use crate::object::{Body, Handle};
use crate::registry::wide;
use crate::status::Status;

/// `ProcessBasicInformation`.
const BASIC: i32 = 0;
/// `ProcessImageFileName`: the path as NT has it.
const IMAGE_FILE_NAME: i32 = 27;

/// `PROCESS_BASIC_INFORMATION`.
#[repr(C)]
struct Basic {
    exit_status: i32,
    peb: usize,
    affinity: usize,
    base_priority: i32,
    id: usize,
    parent: usize,
}

const _: () = assert!(size_of::<Basic>() == 48);

exports! {
    /// Opens a process by its id.
    [undeclared]
    fn ZwOpenProcess(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        client: PCLIENT_ID,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave an id, or null.
        let Some(client) = (unsafe { client.as_ref() }) else {
            return Status::INVALID_PARAMETER.0;
        };
        let Some(process) = by_id(&thread, client.UniqueProcess.addr()) else {
            return Status::INVALID_CID.0;
        };
        // SAFETY: the caller gave attributes, or null.
        let attributes = unsafe { attributes.as_ref() }.map_or(0, |given| given.Attributes);
        match ob::open(&thread, process, access, attributes) {
            Ok(new) => {
                // SAFETY: the caller gave a place for the handle.
                unsafe { handle.write(new.as_raw()) };
                Status::SUCCESS.0
            }
            Err(status) => status.0,
        }
    }

    /// Tells about a process: its ids, or the path of its program.
    [undeclared]
    fn ZwQueryInformationProcess(
        handle: HANDLE,
        class: i32,
        information: PVOID,
        length: ULONG,
        needed: PULONG,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        let Some((object, _)) = thread.reference_handle(Handle::from_raw(handle)) else {
            return Status::INVALID_HANDLE.0;
        };
        let Body::Process(process) = object.body() else {
            return Status::OBJECT_TYPE_MISMATCH.0;
        };
        let text = wide(&process.image());
        let size = match class {
            BASIC => size_of::<Basic>(),
            IMAGE_FILE_NAME => string_size(&text),
            _ => return Status::INVALID_INFO_CLASS.0,
        };
        if !needed.is_null() {
            // SAFETY: the caller gave a place for the length.
            unsafe { needed.write(size as u32) };
        }
        if (length as usize) < size || class == BASIC && length as usize != size {
            return Status::INFO_LENGTH_MISMATCH.0;
        }
        match class {
            // SAFETY: the caller gave a buffer of that size.
            BASIC => unsafe { information.cast::<Basic>().write_unaligned(basic(process)) },
            // SAFETY: as above.
            _ => unsafe { write_string(information, &text) },
        }
        Status::SUCCESS.0
    }

    /// Gives the path of a process's program as a string, which the caller frees with `ExFreePool`.
    [undeclared]
    fn SeLocateProcessImageName(process: PVOID, name: *mut *mut UNICODE_STRING) -> NTSTATUS {
        const TAG: u32 = u32::from_le_bytes(*b"SeNi");
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a place for the string.
        unsafe { name.write(null_mut()) };
        let Some(process) = process_at(&thread, CALL, process) else {
            return Status::INVALID_PARAMETER.0;
        };
        let text = wide(&process.image());
        let memory = allocate_paged(&thread, string_size(&text) as u64, TAG);
        if memory.is_null() {
            return Status::INSUFFICIENT_RESOURCES.0;
        }
        // SAFETY: the block has that size, and nobody else knows it yet.
        unsafe { write_string(memory, &text) };
        // SAFETY: as above.
        unsafe { name.write(memory.cast()) };
        Status::SUCCESS.0
    }

    /// The name of a process's program, NUL-terminated: at most 14 bytes of it.
    [undeclared]
    fn PsGetProcessImageFileName(process: PVOID) -> *const c_char {
        match process_at(&current(CALL), CALL, process) {
            Some(process) => process.short_name(),
            None => std::ptr::null(),
        }
    }

    /// When a process was made: 100 ns units since 1601, UTC.
    [undeclared]
    fn PsGetProcessCreateTimeQuadPart(process: PVOID) -> i64 {
        let process = process_at(&current(CALL), CALL, process);
        process.map_or(0, |process| process.create_time() as i64)
    }

    /// What a process has ended with, `STATUS_PENDING` before that.
    [undeclared]
    fn PsGetProcessExitStatus(process: PVOID) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        let process = process_at(&thread, CALL, process);
        process.map_or(Status::INVALID_PARAMETER.0, |process| process.exit_status())
    }

    /// What a thread ends or has ended with, `STATUS_PENDING` before that.
    [undeclared]
    fn PsGetThreadExitStatus(thread: PVOID) -> NTSTATUS {
        let current = current(CALL);
        current.require_irql(irql::APC_LEVEL, CALL);
        let thread = thread_at(&current, CALL, thread);
        thread.map_or(Status::INVALID_PARAMETER.0, |thread| thread.exit_status())
    }

    /// Whether a thread is about to end, or has ended.
    [undeclared]
    fn PsIsThreadTerminating(thread: PVOID) -> BOOLEAN {
        let current = current(CALL);
        current.require_irql(irql::DISPATCH_LEVEL, CALL);
        let thread = thread_at(&current, CALL, thread);
        thread.is_some_and(|thread| thread.is_terminating()).into()
    }
}

fn basic(process: &ProcessState) -> Basic {
    Basic {
        exit_status: process.exit_status(),
        peb: 0,
        affinity: 1,
        base_priority: 8,
        id: process.id(),
        parent: process.parent(),
    }
}

/// How many bytes a string with its text and a NUL behind it has.
fn string_size(text: &[u16]) -> usize {
    size_of::<UNICODE_STRING>() + (text.len() + 1) * 2
}

/// Writes a string with its text and a NUL behind it.
///
/// # Safety
/// The place has [`string_size`] bytes.
unsafe fn write_string(place: PVOID, text: &[u16]) {
    let buffer = place.cast::<UNICODE_STRING>().wrapping_add(1).cast::<u16>();
    let bytes = u16::try_from(text.len() * 2).unwrap_or(u16::MAX - 3);
    let string = UNICODE_STRING {
        Length: bytes,
        MaximumLength: bytes + 2,
        Buffer: buffer,
    };
    for (at, &unit) in text.iter().chain(&[0]).enumerate() {
        // SAFETY: by this function's contract.
        unsafe { buffer.wrapping_add(at).write_unaligned(unit) };
    }
    // SAFETY: as above.
    unsafe { place.cast::<UNICODE_STRING>().write_unaligned(string) };
}
