//! The runtime library's counted strings: making, comparing, copying, appending, hashing.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlcompareunicodestring>
//! and its neighbours.

use wdm_sys::{
    BOOLEAN, NTSTATUS, PCUNICODE_STRING, PCWSTR, PUNICODE_STRING, UNICODE_STRING, WCHAR,
};

use crate::exports::crt::basics::units_before_nul;
use crate::exports::{exports, text};
use crate::machine::{current, irql};
use crate::registry::upcase::{equal, upcase};
use crate::status::Status;

/// `HASH_STRING_ALGORITHM_DEFAULT` and `HASH_STRING_ALGORITHM_X65599`.
const HASH_ALGORITHMS: [u32; 2] = [0, 1];
/// The longest text of a `UNICODE_STRING` that [`RtlInitUnicodeString`] makes, in bytes: room for a
/// terminating NUL stays.
const MAX_BYTES: usize = 0xFFFC;

exports! {
    /// Makes a counted string of a NUL-terminated one, or an empty one of NULL.
    fn RtlInitUnicodeString(destination: PUNICODE_STRING, source: PCWSTR) {
        let bytes = match source.is_null() {
            true => 0,
            // SAFETY: the caller gave NUL-terminated text.
            false => (unsafe { units_before_nul(source) } * 2).min(MAX_BYTES),
        };
        let string = UNICODE_STRING {
            Length: bytes as u16,
            MaximumLength: if source.is_null() { 0 } else { bytes as u16 + 2 },
            Buffer: source.cast_mut(),
        };
        // SAFETY: the caller gave a place for the string.
        unsafe { destination.write(string) };
    }

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

    /// Compares two strings: less than 0, 0, or greater than 0.
    fn RtlCompareUnicodeString(
        first: PCUNICODE_STRING,
        second: PCUNICODE_STRING,
        case_insensitive: BOOLEAN,
    ) -> i32 {
        // SAFETY: the caller gave valid strings.
        let first = unsafe { text(first) }.unwrap_or_default();
        // SAFETY: as above.
        let second = unsafe { text(second) }.unwrap_or_default();
        let fold = |unit: u16| i32::from(if case_insensitive != 0 { upcase(unit) } else { unit });
        let pairs = first.iter().zip(second);
        let mut differences = pairs.map(|(&a, &b)| fold(a) - fold(b));
        match differences.find(|&difference| difference != 0) {
            Some(difference) => difference,
            None => 2 * (first.len() as i32 - second.len() as i32),
        }
    }

    /// Whether two strings are equal.
    fn RtlEqualUnicodeString(
        first: PCUNICODE_STRING,
        second: PCUNICODE_STRING,
        case_insensitive: BOOLEAN,
    ) -> BOOLEAN {
        // SAFETY: the caller gave valid strings.
        let first = unsafe { text(first) }.unwrap_or_default();
        // SAFETY: as above.
        let second = unsafe { text(second) }.unwrap_or_default();
        BOOLEAN::from(same(first, second, case_insensitive != 0))
    }

    /// Whether the second string begins with the first.
    fn RtlPrefixUnicodeString(
        prefix: PCUNICODE_STRING,
        string: PCUNICODE_STRING,
        case_insensitive: BOOLEAN,
    ) -> BOOLEAN {
        // SAFETY: the caller gave valid strings.
        let prefix = unsafe { text(prefix) }.unwrap_or_default();
        // SAFETY: as above.
        let string = unsafe { text(string) }.unwrap_or_default();
        let begin = string.get(..prefix.len());
        BOOLEAN::from(begin.is_some_and(|begin| same(begin, prefix, case_insensitive != 0)))
    }

    /// Copies a string as far as it fits, and NUL-terminates the copy if there is room. NULL empties
    /// the destination.
    fn RtlCopyUnicodeString(destination: PUNICODE_STRING, source: PCUNICODE_STRING) {
        // SAFETY: the caller gave valid strings.
        let units = unsafe { text(source) }.unwrap_or_default();
        // SAFETY: as above.
        unsafe { (*destination).Length = 0 };
        // SAFETY: as above.
        unsafe { append(destination, units) };
    }

    /// Appends a NUL-terminated text to a string: all of it, or `STATUS_BUFFER_TOO_SMALL`.
    [undeclared]
    fn RtlAppendUnicodeToString(destination: PUNICODE_STRING, source: PCWSTR) -> NTSTATUS {
        let units: &[u16] = match source.is_null() {
            true => &[],
            false => {
                // SAFETY: the caller gave NUL-terminated text.
                let length = unsafe { units_before_nul(source) };
                // SAFETY: as above.
                unsafe { std::slice::from_raw_parts(source, length) }
            }
        };
        // SAFETY: the caller gave a valid string.
        unsafe { append_all(destination, units) }
    }

    /// Appends a string to another: all of it, or `STATUS_BUFFER_TOO_SMALL`.
    [undeclared]
    fn RtlAppendUnicodeStringToString(
        destination: PUNICODE_STRING,
        source: PCUNICODE_STRING,
    ) -> NTSTATUS {
        // SAFETY: the caller gave valid strings.
        let units = unsafe { text(source) }.unwrap_or_default();
        // SAFETY: as above.
        unsafe { append_all(destination, units) }
    }

    /// Maps a character to upper case.
    fn RtlUpcaseUnicodeChar(character: WCHAR) -> WCHAR {
        upcase(character)
    }

    /// Maps a character to lower case.
    [undeclared]
    fn RtlDowncaseUnicodeChar(character: WCHAR) -> WCHAR {
        downcase(character)
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

fn same(first: &[u16], second: &[u16], case_insensitive: bool) -> bool {
    if case_insensitive {
        equal(first, second)
    } else {
        first == second
    }
}

/// Appends as much of `units` as fits, and a NUL if there is room for one.
///
/// # Safety
/// `destination` leads to a string whose buffer has `MaximumLength` bytes, which do not overlap
/// `units`, or is null.
unsafe fn append(destination: PUNICODE_STRING, units: &[u16]) {
    // SAFETY: by this function's contract.
    let Some(string) = (unsafe { destination.as_mut() }) else {
        return;
    };
    let room = usize::from(string.MaximumLength) / 2;
    let used = usize::from(string.Length) / 2;
    let count = units.len().min(room.saturating_sub(used));
    if string.Buffer.is_null() || room == 0 {
        return;
    }
    let end = string.Buffer.wrapping_add(used);
    // SAFETY: by this function's contract, with `used + count <= room`. `copy` allows the overlap
    // of a string that is appended to itself.
    unsafe { end.copy_from(units.as_ptr(), count) };
    if used + count < room {
        // SAFETY: as above.
        unsafe { end.wrapping_add(count).write(0) };
    }
    string.Length = ((used + count) * 2) as u16;
}

/// Appends all of `units`, or nothing.
///
/// # Safety
/// As for [`append`].
unsafe fn append_all(destination: PUNICODE_STRING, units: &[u16]) -> NTSTATUS {
    // SAFETY: by this function's contract.
    let Some(string) = (unsafe { destination.as_ref() }) else {
        return Status::INVALID_PARAMETER.0;
    };
    if usize::from(string.Length) + units.len() * 2 > usize::from(string.MaximumLength) {
        return Status::BUFFER_TOO_SMALL.0;
    }
    // SAFETY: by this function's contract.
    unsafe { append(destination, units) };
    Status::SUCCESS.0
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
