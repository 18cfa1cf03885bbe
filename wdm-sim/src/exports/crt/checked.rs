//! The `_s` variants of the C runtime, which know how much room there is. Drivers that are linked in
//! use the host's.
//!
//! Pages: <https://learn.microsoft.com/cpp/c-runtime-library/reference/strcpy-s-wcscpy-s-mbscpy-s> and
//! its neighbours. What they refuse is an error code here, as in the kernel, which has no handler for
//! invalid parameters.

use std::ffi::c_void;

use super::text::{Narrow, Unit, Wide, change, copy, units};
use crate::exports::exports;
use crate::exports::rtl::string::downcase;
use crate::registry::upcase::upcase;

/// `EINVAL`, `ERANGE` and `STRUNCATE`.
const INVALID: i32 = 22;
const RANGE: i32 = 34;
const TRUNCATED: i32 = 80;
/// `_TRUNCATE`: as much as fits.
const TRUNCATE: usize = usize::MAX;

exports! {
    /// Copies text into `room` characters.
    [sys_only]
    fn strcpy_s(to: *mut u8, room: usize, from: Narrow) -> i32 {
        // SAFETY: as above.
        unsafe { put(to, room, 0, from, None) }
    }

    /// Copies text into `room` characters.
    [sys_only]
    fn wcscpy_s(to: *mut u16, room: usize, from: Wide) -> i32 {
        // SAFETY: as above.
        unsafe { put(to, room, 0, from, None) }
    }

    /// Copies up to `count` characters into `room`.
    [sys_only]
    fn strncpy_s(to: *mut u8, room: usize, from: Narrow, count: usize) -> i32 {
        // SAFETY: as above.
        unsafe { put(to, room, 0, from, Some(count)) }
    }

    /// Copies up to `count` characters into `room`.
    [sys_only]
    fn wcsncpy_s(to: *mut u16, room: usize, from: Wide, count: usize) -> i32 {
        // SAFETY: as above.
        unsafe { put(to, room, 0, from, Some(count)) }
    }

    /// Appends text to one of which there is room for `room` characters.
    [sys_only]
    fn strcat_s(to: *mut u8, room: usize, from: Narrow) -> i32 {
        // SAFETY: as above.
        unsafe { put_behind(to, room, from, None) }
    }

    /// Appends text to one of which there is room for `room` characters.
    [sys_only]
    fn wcscat_s(to: *mut u16, room: usize, from: Wide) -> i32 {
        // SAFETY: as above.
        unsafe { put_behind(to, room, from, None) }
    }

    /// Appends up to `count` characters.
    [sys_only]
    fn strncat_s(to: *mut u8, room: usize, from: Narrow, count: usize) -> i32 {
        // SAFETY: as above.
        unsafe { put_behind(to, room, from, Some(count)) }
    }

    /// Appends up to `count` characters.
    [sys_only]
    fn wcsncat_s(to: *mut u16, room: usize, from: Wide, count: usize) -> i32 {
        // SAFETY: as above.
        unsafe { put_behind(to, room, from, Some(count)) }
    }

    /// Makes text lower-case in place, if it ends within `room` characters.
    [sys_only]
    fn _wcslwr_s(text: *mut u16, room: usize) -> i32 {
        // SAFETY: as above.
        unsafe { change_checked(text, room, downcase) }
    }

    /// Makes text upper-case in place, if it ends within `room` characters.
    [sys_only]
    fn _wcsupr_s(text: *mut u16, room: usize) -> i32 {
        // SAFETY: as above.
        unsafe { change_checked(text, room, upcase) }
    }

    /// Copies bytes into `room`.
    [sys_only]
    fn memcpy_s(to: *mut c_void, room: usize, from: *const c_void, count: usize) -> i32 {
        // SAFETY: as above.
        unsafe { copy_bytes(to, room, from, count, true) }
    }

    /// Copies bytes, which may overlap, into `room`.
    [sys_only]
    fn memmove_s(to: *mut c_void, room: usize, from: *const c_void, count: usize) -> i32 {
        // SAFETY: as above.
        unsafe { copy_bytes(to, room, from, count, false) }
    }
}

/// Puts text behind the first `used` characters of `room`; `count` is that of the `n` variants.
///
/// # Safety
/// `to` is null or has room for `room` characters; `from` is null or text, as far as it is looked at.
unsafe fn put<T: Unit>(
    to: *mut T,
    room: usize,
    used: usize,
    from: *const T,
    count: Option<usize>,
) -> i32 {
    let nothing_to_do = count == Some(0) && to.is_null() && room == 0;
    if nothing_to_do {
        return 0;
    }
    if to.is_null() || room == 0 {
        return INVALID;
    }
    let give_up = |error| {
        // SAFETY: by this function's contract.
        unsafe { to.write(T::default()) };
        error
    };
    if from.is_null() && count != Some(0) {
        return give_up(INVALID);
    }
    let left = room - used;
    let wanted = count.unwrap_or(TRUNCATE).min(left);
    // SAFETY: as above.
    let fits = unsafe { units(from, wanted) }.len() < left;
    if fits {
        // SAFETY: as above.
        unsafe { copy(to.wrapping_add(used), from, wanted) };
        return 0;
    }
    if count == Some(TRUNCATE) {
        // SAFETY: as above.
        unsafe { copy(to.wrapping_add(used), from, left - 1) };
        return TRUNCATED;
    }
    give_up(RANGE)
}

/// # Safety
/// As for [`put`].
unsafe fn put_behind<T: Unit>(
    to: *mut T,
    room: usize,
    from: *const T,
    count: Option<usize>,
) -> i32 {
    if to.is_null() || room == 0 {
        return INVALID;
    }
    // SAFETY: by this function's contract.
    let used = unsafe { units(to, room) }.len();
    if used == room {
        // SAFETY: as above.
        unsafe { to.write(T::default()) };
        return INVALID;
    }
    // SAFETY: as above.
    unsafe { put(to, room, used, from, count) }
}

/// # Safety
/// `text` is null or has `room` characters that may be written.
unsafe fn change_checked<T: Unit>(text: *mut T, room: usize, how: impl Fn(T) -> T) -> i32 {
    if text.is_null() {
        return INVALID;
    }
    // SAFETY: by this function's contract.
    if unsafe { units(text.cast_const(), room) }.len() == room {
        if room > 0 {
            // SAFETY: as above.
            unsafe { text.write(T::default()) };
        }
        return INVALID;
    }
    // SAFETY: as above; it ends.
    unsafe { change(text, how) };
    0
}

/// # Safety
/// The places are null, or have the bytes that are asked for.
unsafe fn copy_bytes(
    to: *mut c_void,
    room: usize,
    from: *const c_void,
    count: usize,
    zeroes: bool,
) -> i32 {
    if count == 0 {
        return 0;
    }
    let to = to.cast::<u8>();
    if to.is_null() {
        return INVALID;
    }
    if from.is_null() || room < count {
        if zeroes {
            // SAFETY: by this function's contract.
            unsafe { to.write_bytes(0, room) };
        }
        return if from.is_null() { INVALID } else { RANGE };
    }
    // SAFETY: as above.
    unsafe { to.copy_from(from.cast(), count) };
    0
}
