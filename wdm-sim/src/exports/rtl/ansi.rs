//! The runtime library's narrow counted strings, and their conversions. The ANSI code page is UTF-8
//! here.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlinitansistring> and
//! its neighbours.

use wdm_sys::{BOOLEAN, NTSTATUS, PCCH, PCUNICODE_STRING, PUNICODE_STRING, UNICODE_STRING};

use super::string_memory::{free, give};
use crate::exports::{exports, text};
use crate::machine::{current, irql};

/// An `ANSI_STRING` has a `UNICODE_STRING`'s fields; only its buffer is of bytes.
type AnsiString = UNICODE_STRING;

/// The longest text of a counted string, in bytes, with room for a NUL behind it.
const MAX_BYTES: usize = 0xFFFE;

exports! {
    /// Makes a counted string of a NUL-terminated one, or an empty one of NULL.
    [undeclared]
    fn RtlInitAnsiString(destination: *mut AnsiString, source: PCCH) {
        // SAFETY: the caller gave a place for the string and NUL-terminated text.
        unsafe { init(destination, source) };
    }

    /// Makes a counted string of a NUL-terminated one, or an empty one of NULL.
    [undeclared]
    fn RtlInitString(destination: *mut AnsiString, source: PCCH) {
        // SAFETY: the caller gave a place for the string and NUL-terminated text.
        unsafe { init(destination, source) };
    }

    /// Converts a narrow string, into new memory if the caller wants that.
    [undeclared]
    fn RtlAnsiStringToUnicodeString(
        destination: PUNICODE_STRING,
        source: *const AnsiString,
        allocate: BOOLEAN,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a valid string.
        let narrow = String::from_utf8_lossy(unsafe { bytes(source) });
        let units: Vec<u16> = narrow.encode_utf16().collect();
        // SAFETY: the caller gave a string to convert into.
        unsafe { give(&thread, destination, &units, allocate != 0) }
    }

    /// Converts a string to a narrow one, into new memory if the caller wants that.
    [undeclared]
    fn RtlUnicodeStringToAnsiString(
        destination: *mut AnsiString,
        source: PCUNICODE_STRING,
        allocate: BOOLEAN,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a valid string.
        let narrow = String::from_utf16_lossy(unsafe { text(source) }.unwrap_or_default());
        // SAFETY: the caller gave a string to convert into.
        unsafe { give(&thread, destination, narrow.as_bytes(), allocate != 0) }
    }

    /// Frees the memory of a string that a routine here allocated.
    [undeclared]
    fn RtlFreeAnsiString(string: *mut AnsiString) {
        current(CALL).require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave such a string.
        unsafe { free(string) };
    }

    /// Maps a narrow character to upper case: of ASCII letters.
    [undeclared]
    fn RtlUpperChar(character: u8) -> u8 {
        character.to_ascii_uppercase()
    }

    /// The size of a string's narrow copy, with its NUL (`RtlUnicodeStringToAnsiSize`).
    [undeclared]
    fn RtlxUnicodeStringToAnsiSize(string: PCUNICODE_STRING) -> u32 {
        // SAFETY: the caller gave a string.
        let units = unsafe { text(string) }.unwrap_or_default();
        String::from_utf16_lossy(units).len() as u32 + 1
    }

    /// Compares two narrow strings: less than 0, 0, or greater than 0.
    [undeclared]
    fn RtlCompareString(
        first: *const AnsiString,
        second: *const AnsiString,
        case_insensitive: BOOLEAN,
    ) -> i32 {
        // SAFETY: the caller gave valid strings.
        let first = unsafe { bytes(first) };
        // SAFETY: as above.
        let second = unsafe { bytes(second) };
        let fold = |byte: u8| match case_insensitive {
            0 => i32::from(byte),
            _ => i32::from(byte.to_ascii_uppercase()),
        };
        let pairs = first.iter().zip(second);
        let mut differences = pairs.map(|(&a, &b)| fold(a) - fold(b));
        let different = differences.find(|&difference| difference != 0);
        different.unwrap_or(first.len() as i32 - second.len() as i32)
    }

    /// Whether two narrow strings are equal.
    [undeclared]
    fn RtlEqualString(
        first: *const AnsiString,
        second: *const AnsiString,
        case_insensitive: BOOLEAN,
    ) -> BOOLEAN {
        // SAFETY: the caller gave valid strings.
        let first = unsafe { bytes(first) };
        // SAFETY: as above.
        let second = unsafe { bytes(second) };
        BOOLEAN::from(match case_insensitive {
            0 => first == second,
            _ => first.eq_ignore_ascii_case(second),
        })
    }
}

/// # Safety
/// `destination` is a place for a string, `source` null or NUL-terminated.
unsafe fn init(destination: *mut AnsiString, source: PCCH) {
    let length = match source.is_null() {
        true => 0,
        // SAFETY: by this function's contract.
        false => unsafe { std::ffi::CStr::from_ptr(source) }.count_bytes(),
    };
    let length = length.min(MAX_BYTES) as u16;
    let string = AnsiString {
        Length: length,
        MaximumLength: if source.is_null() { 0 } else { length + 1 },
        Buffer: source.cast_mut().cast(),
    };
    // SAFETY: as above.
    unsafe { destination.write(string) };
}

/// The text of a narrow string.
///
/// # Safety
/// `string` is null or leads to a string whose buffer has `Length` bytes.
unsafe fn bytes<'a>(string: *const AnsiString) -> &'a [u8] {
    // SAFETY: by this function's contract.
    match unsafe { string.as_ref() } {
        Some(string) if !string.Buffer.is_null() => {
            let length = usize::from(string.Length);
            // SAFETY: as above.
            unsafe { std::slice::from_raw_parts(string.Buffer.cast(), length) }
        }
        _ => &[],
    }
}
