//! Counted strings whose memory the runtime library allocates and frees, or that it writes into memory
//! of the caller's.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlfreeunicodestring>,
//! `nf-ntifs-rtlduplicateunicodestring` and their neighbours.

use std::ptr::null_mut;

use wdm_sys::{
    BOOLEAN, NTSTATUS, PCUNICODE_STRING, PCWSTR, PUNICODE_STRING, PVOID, UNICODE_STRING,
};

use super::string::downcase;
use crate::exports::crt::basics::units_before_nul;
use crate::exports::ex::pool::allocate_paged;
use crate::exports::{exports, text};
use crate::machine::{Thread, current, irql};
use crate::registry::upcase::upcase;
use crate::status::Status;

/// The pool tag of strings that routines here allocate.
const STRING_TAG: u32 = u32::from_le_bytes(*b"Strg");
/// `RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE`, `_ALLOCATE_NULL_STRING`.
const NULL_TERMINATE: u32 = 1;
const ALLOCATE_EMPTY: u32 = 2;

exports! {
    /// Copies a NUL-terminated text to new memory; 0 if there is none.
    [undeclared]
    fn RtlCreateUnicodeString(destination: PUNICODE_STRING, source: PCWSTR) -> BOOLEAN {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave NUL-terminated text.
        let length = unsafe { units_before_nul(source) };
        // SAFETY: as above.
        let units = unsafe { std::slice::from_raw_parts(source, length) };
        // SAFETY: the caller gave a place for the string.
        let status = unsafe { give(&thread, destination, units, true) };
        BOOLEAN::from(Status(status).is_success())
    }

    /// Copies a string to new memory, with a NUL behind it or without.
    [undeclared]
    fn RtlDuplicateUnicodeString(
        flags: u32,
        source: PCUNICODE_STRING,
        destination: PUNICODE_STRING,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        let valid = matches!(flags, 0 | NULL_TERMINATE) || flags == NULL_TERMINATE | ALLOCATE_EMPTY;
        if !valid || source.is_null() || destination.is_null() {
            return Status::INVALID_PARAMETER.0;
        }
        // SAFETY: the caller gave a string.
        let units = unsafe { text(source) }.unwrap_or_default();
        if units.is_empty() && flags & ALLOCATE_EMPTY == 0 {
            let empty = UNICODE_STRING {
                Length: 0,
                MaximumLength: 0,
                Buffer: null_mut(),
            };
            // SAFETY: the caller gave a place for a string.
            unsafe { destination.write(empty) };
            return Status::SUCCESS.0;
        }
        match flags & NULL_TERMINATE {
            // SAFETY: as above.
            0 => unsafe { give_exactly(&thread, destination, units, true) },
            // SAFETY: as above.
            _ => unsafe { give(&thread, destination, units, true) },
        }
    }

    /// Frees the memory of a string that a routine here allocated.
    [undeclared]
    fn RtlFreeUnicodeString(string: PUNICODE_STRING) {
        current(CALL).require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave such a string.
        unsafe { free(string) };
    }

    /// Maps a string to upper case, into new memory if the caller wants that.
    [undeclared]
    fn RtlUpcaseUnicodeString(
        destination: PUNICODE_STRING,
        source: PCUNICODE_STRING,
        allocate: BOOLEAN,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave a valid string.
        let units = unsafe { text(source) }.unwrap_or_default();
        let units: Vec<u16> = units.iter().map(|&unit| upcase(unit)).collect();
        // SAFETY: the caller gave a string to convert into.
        unsafe { give_exactly(&thread, destination, &units, allocate != 0) }
    }

    /// Maps a string to lower case, into new memory if the caller wants that.
    [undeclared]
    fn RtlDowncaseUnicodeString(
        destination: PUNICODE_STRING,
        source: PCUNICODE_STRING,
        allocate: BOOLEAN,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a valid string.
        let units = unsafe { text(source) }.unwrap_or_default();
        let units: Vec<u16> = units.iter().map(|&unit| downcase(unit)).collect();
        // SAFETY: the caller gave a string to convert into.
        unsafe { give_exactly(&thread, destination, &units, allocate != 0) }
    }
}

/// Gives text with a NUL behind it: in new memory, or in the destination's if it fits there.
///
/// # Safety
/// `destination` leads to a string whose buffer has `MaximumLength` bytes, or, if memory is
/// allocated, to a place for a string.
pub(in crate::exports) unsafe fn give<T: Copy + Default>(
    thread: &Thread,
    destination: PUNICODE_STRING,
    text: &[T],
    allocate: bool,
) -> NTSTATUS {
    let mut ended = text.to_vec();
    ended.push(T::default());
    // SAFETY: by this function's contract.
    let status = unsafe { give_exactly(thread, destination, &ended, allocate) };
    if Status(status).is_success() {
        // SAFETY: as above; the NUL is no part of the text.
        unsafe { (*destination).Length -= size_of::<T>() as u16 };
    }
    status
}

/// Gives text: in new memory, or in the destination's if it fits there.
///
/// # Safety
/// As for [`give`].
pub(super) unsafe fn give_exactly<T: Copy>(
    thread: &Thread,
    destination: PUNICODE_STRING,
    text: &[T],
    allocate: bool,
) -> NTSTATUS {
    let Ok(length) = u16::try_from(size_of_val(text)) else {
        return Status::INVALID_PARAMETER.0;
    };
    if allocate {
        let buffer = allocate_paged(thread, length.max(1).into(), STRING_TAG);
        let string = UNICODE_STRING {
            Length: 0,
            MaximumLength: length,
            Buffer: buffer.cast(),
        };
        // SAFETY: by this function's contract.
        unsafe { destination.write(string) };
        if buffer.is_null() {
            return Status::INSUFFICIENT_RESOURCES.0;
        }
    }
    // SAFETY: by this function's contract.
    let string = unsafe { &mut *destination };
    if length > string.MaximumLength {
        return Status::BUFFER_OVERFLOW.0;
    }
    let buffer = string.Buffer.cast::<u8>();
    // SAFETY: as above, the buffer has that room.
    unsafe { buffer.copy_from(text.as_ptr().cast(), length.into()) };
    string.Length = length;
    Status::SUCCESS.0
}

/// # Safety
/// `string` leads to a string that a routine here allocated.
pub(in crate::exports) unsafe fn free(string: PUNICODE_STRING) {
    // SAFETY: by this function's contract.
    let buffer = unsafe { (*string).Buffer };
    if buffer.is_null() {
        return;
    }
    let buffer: PVOID = buffer.cast();
    // SAFETY: as above.
    unsafe { wdm_sys::ExFreePoolWithTag(buffer, 0) };
    let empty = UNICODE_STRING {
        Length: 0,
        MaximumLength: 0,
        Buffer: null_mut(),
    };
    // SAFETY: as above.
    unsafe { string.write(empty) };
}
