//! The runtime library's counted strings: narrow ones, conversions, numbers, GUIDs, hashes.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlinitansistring> and
//! its neighbours. The ANSI code page is UTF-8 here.

use std::ptr::null_mut;

use wdm_sys::{
    BOOLEAN, GUID, NTSTATUS, PCCH, PCUNICODE_STRING, PCWSTR, PUNICODE_STRING, PVOID,
    UNICODE_STRING, WCHAR,
};

use crate::exports::crt::basics::units_before_nul;
use crate::exports::{exports, text};
use crate::machine::{Thread, current, irql};
use crate::registry::upcase::upcase;
use crate::status::Status;

/// An `ANSI_STRING` has a `UNICODE_STRING`'s fields; only its buffer is of bytes.
type AnsiString = UNICODE_STRING;

/// The pool tag of strings that routines here allocate.
const STRING_TAG: u32 = u32::from_le_bytes(*b"Strg");
/// `HASH_STRING_ALGORITHM_DEFAULT` and `HASH_STRING_ALGORITHM_X65599`.
const HASH_ALGORITHMS: [u32; 2] = [0, 1];
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

    /// Frees the memory of a string that a routine here allocated.
    [undeclared]
    fn RtlFreeUnicodeString(string: PUNICODE_STRING) {
        current(CALL).require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave such a string.
        unsafe { free(string) };
    }

    /// Frees the memory of a string that a routine here allocated.
    [undeclared]
    fn RtlFreeAnsiString(string: *mut AnsiString) {
        current(CALL).require_irql(irql::PASSIVE_LEVEL, CALL);
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

    /// Maps a character to lower case.
    [undeclared]
    fn RtlDowncaseUnicodeChar(character: WCHAR) -> WCHAR {
        downcase(character)
    }

    /// Maps a narrow character to upper case: of ASCII letters.
    [undeclared]
    fn RtlUpperChar(character: u8) -> u8 {
        character.to_ascii_uppercase()
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

    /// Writes a number in base 2, 8, 10 or 16; a base of 0 is 10. The text has a NUL behind it.
    [undeclared]
    fn RtlIntegerToUnicodeString(value: u32, base: u32, string: PUNICODE_STRING) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a string to write into.
        unsafe { give_number(&thread, string, value.into(), base) }
    }

    /// Writes a number in base 2, 8, 10 or 16; a base of 0 is 10. The text has a NUL behind it.
    [undeclared]
    fn RtlInt64ToUnicodeString(value: u64, base: u32, string: PUNICODE_STRING) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a string to write into.
        unsafe { give_number(&thread, string, value, base) }
    }

    /// Reads a number behind white space and a sign, up to the first character that is no digit; a
    /// base of 0 is that of the prefix `0x`, `0o` or `0b`, or 10. Text without a number is 0.
    [undeclared]
    fn RtlUnicodeStringToInteger(
        string: PCUNICODE_STRING,
        base: u32,
        value: *mut u32,
    ) -> NTSTATUS {
        current(CALL).require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a valid string.
        let units = unsafe { text(string) }.unwrap_or_default();
        let Some(read) = read_number(units, base) else {
            return Status::INVALID_PARAMETER.0;
        };
        // SAFETY: the caller gave a place for the number.
        unsafe { value.write(read) };
        Status::SUCCESS.0
    }

    /// Reads a GUID in braces.
    [undeclared]
    fn RtlGUIDFromString(string: PCUNICODE_STRING, guid: *mut GUID) -> NTSTATUS {
        current(CALL).require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a valid string.
        let units = unsafe { text(string) }.unwrap_or_default();
        let Some(read) = read_guid(&String::from_utf16_lossy(units)) else {
            return Status::INVALID_PARAMETER.0;
        };
        // SAFETY: the caller gave a place for the GUID.
        unsafe { guid.write(read) };
        Status::SUCCESS.0
    }

    /// Writes a GUID in braces, into new memory that [`RtlFreeUnicodeString`] frees.
    [undeclared]
    fn RtlStringFromGUID(guid: *const GUID, string: PUNICODE_STRING) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave a GUID.
        let GUID { Data1, Data2, Data3, Data4: [a, b, c, d, e, f, g, h] } = unsafe { guid.read() };
        let written = format!(
            "{{{Data1:08X}-{Data2:04X}-{Data3:04X}-{a:02X}{b:02X}-\
             {c:02X}{d:02X}{e:02X}{f:02X}{g:02X}{h:02X}}}"
        );
        let units: Vec<u16> = written.encode_utf16().collect();
        // SAFETY: the caller gave a place for the string.
        unsafe { give(&thread, string, &units, true) }
    }

    /// Hashes a string: each character is added to 65599 times what came of those before.
    [undeclared]
    fn RtlHashUnicodeString(
        string: PCUNICODE_STRING,
        case_insensitive: BOOLEAN,
        algorithm: u32,
        hash: *mut u32,
    ) -> NTSTATUS {
        current(CALL).require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave a valid string, or null.
        let units = unsafe { text(string) };
        let Some(units) = units.filter(|_| !hash.is_null() && HASH_ALGORITHMS.contains(&algorithm))
        else {
            return Status::INVALID_PARAMETER.0;
        };
        let fold = |&unit: &u16| if case_insensitive != 0 { upcase(unit) } else { unit };
        let sum = units.iter().map(fold).fold(0_u32, |hash, unit| {
            hash.wrapping_mul(65599).wrapping_add(unit.into())
        });
        // SAFETY: the caller gave a place for the hash.
        unsafe { hash.write(sum) };
        Status::SUCCESS.0
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
        let buffer =
            crate::exports::ex::pool::allocate_paged(thread, length.max(1).into(), STRING_TAG);
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
unsafe fn free(string: PUNICODE_STRING) {
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

/// # Safety
/// `string` leads to a string whose buffer has `MaximumLength` bytes.
unsafe fn give_number(thread: &Thread, string: PUNICODE_STRING, value: u64, base: u32) -> NTSTATUS {
    let digits = match base {
        0 | 10 => value.to_string(),
        2 => format!("{value:b}"),
        8 => format!("{value:o}"),
        16 => format!("{value:X}"),
        _ => return Status::INVALID_PARAMETER.0,
    };
    let units: Vec<u16> = digits.encode_utf16().collect();
    // SAFETY: by this function's contract.
    let room = usize::from(unsafe { (*string).MaximumLength }) / 2;
    if room > units.len() {
        // SAFETY: as above.
        return unsafe { give(thread, string, &units, false) };
    }
    // SAFETY: as above; without room for a NUL there is none.
    unsafe { give_exactly(thread, string, &units, false) }
}

/// A number; `None` for an empty text or a base that there is not.
fn read_number(units: &[u16], base: u32) -> Option<u32> {
    if units.is_empty() {
        return None;
    }
    let text = String::from_utf16_lossy(units);
    let text = text.trim_start_matches(|c: char| c <= ' ');
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let prefixes = [("0x", 16), ("0o", 8), ("0b", 2)];
    let prefixed = |(prefix, base)| text.strip_prefix(prefix).map(|rest| (rest, base));
    let (digits, base) = match base {
        0 => prefixes
            .into_iter()
            .find_map(prefixed)
            .unwrap_or((text, 10)),
        2 | 8 | 10 | 16 => (text, base),
        _ => return None,
    };
    let value = digits.chars().map_while(|c| c.to_digit(base));
    let value = value.fold(0_u32, |value, digit| {
        value.wrapping_mul(base).wrapping_add(digit)
    });
    Some(if negative {
        value.wrapping_neg()
    } else {
        value
    })
}

fn read_guid(text: &str) -> Option<GUID> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let parts: Vec<&str> = inner.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let hexadecimal = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if lengths != [8, 4, 4, 4, 12] || !parts.iter().all(hexadecimal) {
        return None;
    }
    let number = |at: usize| u64::from_str_radix(parts[at], 16).ok();
    let mut bytes = [0; 8];
    bytes[..2].copy_from_slice(&number(3)?.to_be_bytes()[6..]);
    bytes[2..].copy_from_slice(&number(4)?.to_be_bytes()[2..]);
    Some(GUID {
        Data1: number(0)? as u32,
        Data2: number(1)? as u16,
        Data3: number(2)? as u16,
        Data4: bytes,
    })
}

/// Maps a character to its lower case, where that is one UTF-16 unit.
pub(in crate::exports) fn downcase(unit: u16) -> u16 {
    let Some(letter) = char::from_u32(unit.into()) else {
        return unit;
    };
    let mut lower = letter.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => u16::try_from(u32::from(one)).unwrap_or(unit),
        _ => unit,
    }
}
