//! Numbers as counted strings.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlintegertounicodestring>,
//! `nf-wdm-rtlunicodestringtointeger` and their neighbours.

use wdm_sys::{NTSTATUS, PCUNICODE_STRING, PUNICODE_STRING};

use super::string_memory::{give, give_exactly};
use crate::exports::{exports, text};
use crate::machine::{Thread, current, irql};
use crate::status::Status;

exports! {
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
