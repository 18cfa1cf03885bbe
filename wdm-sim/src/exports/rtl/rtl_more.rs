//! The runtime library: copies of strings, checked initialisation, random numbers, identifiers.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlinitunicodestringex>,
//! `nf-ntifs-rtlduplicateunicodestring`, `nf-ntifs-rtlrandomex`, `nf-ntddk-exuuidcreate` there.

use wdm_sys::{NTSTATUS, PCUNICODE_STRING, PCWSTR, PUNICODE_STRING, UNICODE_STRING};

use super::rtl_string::{give, give_exactly};
use crate::exports::crt::basics::units_before_nul;
use crate::exports::{exports, text};
use crate::machine::{current, irql};
use crate::status::Status;

/// The most bytes of text in a counted string, so that a NUL still fits.
const MAX_BYTES: usize = 0xFFFC;
/// `RTL_DUPLICATE_UNICODE_STRING_NULL_TERMINATE`, `_ALLOCATE_NULL_STRING`.
const NULL_TERMINATE: u32 = 1;
const ALLOCATE_EMPTY: u32 = 2;
/// What random numbers stay below (`MAXLONG`).
const MAX_RANDOM: u64 = 0x7FFF_FFFF;

exports! {
    /// Makes a counted string of a NUL-terminated one, which must not be too long for one.
    [undeclared]
    fn RtlInitUnicodeStringEx(destination: PUNICODE_STRING, source: PCWSTR) -> NTSTATUS {
        let bytes = match source.is_null() {
            true => 0,
            // SAFETY: the caller gave NUL-terminated text.
            false => (unsafe { units_before_nul(source) }) * 2,
        };
        if bytes > MAX_BYTES {
            return Status::NAME_TOO_LONG.0;
        }
        let string = UNICODE_STRING {
            Length: bytes as u16,
            MaximumLength: if source.is_null() { 0 } else { bytes as u16 + 2 },
            Buffer: source.cast_mut(),
        };
        // SAFETY: the caller gave a place for the string.
        unsafe { destination.write(string) };
        Status::SUCCESS.0
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
                Buffer: std::ptr::null_mut(),
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

    /// The size of a string's narrow copy, with its NUL (`RtlUnicodeStringToAnsiSize`).
    [undeclared]
    fn RtlxUnicodeStringToAnsiSize(string: PCUNICODE_STRING) -> u32 {
        // SAFETY: the caller gave a string.
        let units = unsafe { text(string) }.unwrap_or_default();
        String::from_utf16_lossy(units).len() as u32 + 1
    }

    /// A number that looks random, below 2^31 - 1; the seed becomes the next one.
    [undeclared]
    fn RtlRandomEx(seed: *mut u32) -> u32 {
        // SAFETY: the caller gave a seed.
        unsafe { random(seed) }
    }

    /// A number that looks random, below 2^31 - 1; the seed becomes the next one.
    [undeclared]
    fn RtlRandom(seed: *mut u32) -> u32 {
        // SAFETY: as above.
        unsafe { random(seed) }
    }

    /// A number that looks random, below 2^31 - 1; the seed becomes it.
    [undeclared]
    fn RtlUniform(seed: *mut u32) -> u32 {
        // SAFETY: as above.
        unsafe { random(seed) }
    }
}

/// # Safety
/// `seed` leads to a seed.
unsafe fn random(seed: *mut u32) -> u32 {
    // SAFETY: by this function's contract.
    let before = u64::from(unsafe { seed.read() });
    let next = (before * 0x7FFF_FFED + 0x7FFF_FFC3) % MAX_RANDOM;
    // SAFETY: as above.
    unsafe { seed.write(next as u32) };
    next as u32
}
