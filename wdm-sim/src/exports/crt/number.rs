//! Numbers as text in the C runtime. Drivers that are linked in use the host's.
//!
//! Pages: <https://learn.microsoft.com/cpp/c-runtime-library/reference/itoa-itow> and its neighbours.

use super::letter::is_space;
use crate::exports::exports;

/// `EINVAL` and `ERANGE`.
const INVALID: i32 = 22;
const RANGE: i32 = 34;

type Narrow = *const u8;
type Wide = *const u16;

exports! {
    /// The number that text begins with; 0 for none.
    [sys_only]
    fn atoi(text: Narrow) -> i32 {
        // SAFETY: the caller gave NUL-terminated text.
        unsafe { decimal(text) }
    }

    /// The number that text begins with; 0 for none.
    [sys_only]
    fn atol(text: Narrow) -> i32 {
        // SAFETY: as above.
        unsafe { decimal(text) }
    }

    /// The number that text begins with; 0 for none.
    [sys_only]
    fn _wtoi(text: Wide) -> i32 {
        // SAFETY: as above.
        unsafe { decimal(text) }
    }

    /// The number that text begins with; 0 for none.
    [sys_only]
    fn _wtol(text: Wide) -> i32 {
        // SAFETY: as above.
        unsafe { decimal(text) }
    }

    /// The unsigned number that text begins with, in a base that is given, or 0: as its beginning
    /// says. `end`, if given, gets where the number ends.
    [sys_only]
    fn wcstoul(text: Wide, end: *mut Wide, base: i32) -> u32 {
        // SAFETY: as above.
        let number = unsafe { number(text, base) };
        if !end.is_null() {
            // SAFETY: the caller gave a place for it.
            unsafe { end.write(text.wrapping_add(number.length)) };
        }
        let value = u32::try_from(number.value).unwrap_or(u32::MAX);
        match number.negative && value != u32::MAX {
            true => value.wrapping_neg(),
            false => value,
        }
    }

    /// Writes a number in a base; only decimal ones have a sign.
    [sys_only]
    fn _itoa(value: i32, out: *mut u8, base: i32) -> *mut u8 {
        // SAFETY: the caller gave enough room.
        unsafe { store(out, usize::MAX, signed(value.into(), base, 32), base) };
        out
    }

    /// Writes a number in a base; only decimal ones have a sign.
    [sys_only]
    fn _itow(value: i32, out: *mut u16, base: i32) -> *mut u16 {
        // SAFETY: as above.
        unsafe { store(out, usize::MAX, signed(value.into(), base, 32), base) };
        out
    }

    /// Writes a number in a base into `room` characters.
    [sys_only]
    fn _itoa_s(value: i32, out: *mut u8, room: usize, base: i32) -> i32 {
        // SAFETY: the caller gave that much room.
        unsafe { store(out, room, signed(value.into(), base, 32), base) }
    }

    /// Writes a number in a base into `room` characters.
    [sys_only]
    fn _itow_s(value: i32, out: *mut u16, room: usize, base: i32) -> i32 {
        // SAFETY: as above.
        unsafe { store(out, room, signed(value.into(), base, 32), base) }
    }

    /// Writes a number in a base into `room` characters.
    [sys_only]
    fn _ltoa_s(value: i32, out: *mut u8, room: usize, base: i32) -> i32 {
        // SAFETY: as above.
        unsafe { store(out, room, signed(value.into(), base, 32), base) }
    }

    /// Writes a number in a base into `room` characters.
    [sys_only]
    fn _ltow_s(value: i32, out: *mut u16, room: usize, base: i32) -> i32 {
        // SAFETY: as above.
        unsafe { store(out, room, signed(value.into(), base, 32), base) }
    }

    /// Writes a number in a base into `room` characters.
    [sys_only]
    fn _ultoa_s(value: u32, out: *mut u8, room: usize, base: i32) -> i32 {
        // SAFETY: as above.
        unsafe { store(out, room, (false, value.into()), base) }
    }

    /// Writes a number in a base into `room` characters.
    [sys_only]
    fn _ultow_s(value: u32, out: *mut u16, room: usize, base: i32) -> i32 {
        // SAFETY: as above.
        unsafe { store(out, room, (false, value.into()), base) }
    }

    /// Writes a number in a base into `room` characters.
    [sys_only]
    fn _i64toa_s(value: i64, out: *mut u8, room: usize, base: i32) -> i32 {
        // SAFETY: as above.
        unsafe { store(out, room, signed(value, base, 64), base) }
    }

    /// Writes a number in a base into `room` characters.
    [sys_only]
    fn _i64tow_s(value: i64, out: *mut u16, room: usize, base: i32) -> i32 {
        // SAFETY: as above.
        unsafe { store(out, room, signed(value, base, 64), base) }
    }

    /// Writes a number in a base into `room` characters.
    [sys_only]
    fn _ui64toa_s(value: u64, out: *mut u8, room: usize, base: i32) -> i32 {
        // SAFETY: as above.
        unsafe { store(out, room, (false, value), base) }
    }

    /// Writes a number in a base into `room` characters.
    [sys_only]
    fn _ui64tow_s(value: u64, out: *mut u16, room: usize, base: i32) -> i32 {
        // SAFETY: as above.
        unsafe { store(out, room, (false, value), base) }
    }
}

/// What text begins with.
struct Number {
    negative: bool,
    /// As much of it as fits.
    value: u64,
    /// How many characters it takes, with what stands before it; 0 if there is none.
    length: usize,
}

/// # Safety
/// `text` is NUL-terminated.
unsafe fn number<T: Copy + Into<u32>>(text: *const T, base: i32) -> Number {
    // SAFETY: by this function's contract: nobody asks behind the NUL.
    let unit = |at: usize| unsafe { text.wrapping_add(at).read() }.into();
    let ascii = |at| u8::try_from(unit(at)).unwrap_or(u8::MAX);
    let mut at = 0;
    while is_space(ascii(at)) {
        at += 1;
    }
    let negative = ascii(at) == b'-';
    if negative || ascii(at) == b'+' {
        at += 1;
    }
    let digit = |at: usize, base: u32| char::from(ascii(at)).to_digit(base);
    let hexadecimal =
        ascii(at) == b'0' && matches!(ascii(at + 1), b'x' | b'X') && digit(at + 2, 16).is_some();
    let base = match base {
        0 if hexadecimal => 16,
        0 if ascii(at) == b'0' => 8,
        0 => 10,
        _ => u32::try_from(base)
            .ok()
            .filter(|base| (2..=36).contains(base))
            .unwrap_or(10),
    };
    if base == 16 && hexadecimal {
        at += 2;
    }
    let first = at;
    let mut value = 0_u64;
    while let Some(digit) = digit(at, base) {
        value = value
            .saturating_mul(u64::from(base))
            .saturating_add(u64::from(digit));
        at += 1;
    }
    let length = if at == first { 0 } else { at };
    Number {
        negative,
        value,
        length,
    }
}

/// # Safety
/// `text` is NUL-terminated.
unsafe fn decimal<T: Copy + Into<u32>>(text: *const T) -> i32 {
    // SAFETY: by this function's contract.
    let number = unsafe { number(text, 10) };
    let value = i64::try_from(number.value).unwrap_or(i64::MAX);
    let value = if number.negative { -value } else { value };
    value.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

/// A number as sign and value: only decimal ones have a sign.
fn signed(value: i64, base: i32, bits: u32) -> (bool, u64) {
    let pattern = value.cast_unsigned() & (u64::MAX >> (64 - bits));
    match base {
        10 => (value < 0, value.unsigned_abs()),
        _ => (false, pattern),
    }
}

/// Writes a number and a NUL behind it.
///
/// # Safety
/// `out` is null or has `room` characters, or enough.
unsafe fn store<T: From<u8>>(out: *mut T, room: usize, value: (bool, u64), base: i32) -> i32 {
    if out.is_null() || room == 0 {
        return INVALID;
    }
    let put = |at: usize, byte: u8| {
        // SAFETY: by this function's contract; the callers stay below `room`.
        unsafe { out.wrapping_add(at).write(T::from(byte)) };
    };
    let Some(base) = u64::try_from(base)
        .ok()
        .filter(|base| (2..=36).contains(base))
    else {
        put(0, 0);
        return INVALID;
    };
    let (negative, mut value) = value;
    let mut digits = Vec::new();
    loop {
        let digit = char::from_digit((value % base) as u32, base as u32);
        digits.push(digit.map_or(b'0', |digit| digit as u8));
        value /= base;
        if value == 0 {
            break;
        }
    }
    if negative {
        digits.push(b'-');
    }
    if digits.len() >= room {
        put(0, 0);
        return RANGE;
    }
    for (at, &byte) in digits.iter().rev().enumerate() {
        put(at, byte);
    }
    put(digits.len(), 0);
    0
}
