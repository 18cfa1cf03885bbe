//! Text in the C runtime: copying, searching, comparing and changing case, narrow and wide. Drivers that
//! are linked in use the host's.
//!
//! Pages: <https://learn.microsoft.com/cpp/c-runtime-library/string-manipulation-crt>. Narrow letters are ASCII's, wide ones those of NT's table.

use std::ffi::c_void;

use crate::exports::exports;
use crate::exports::rtl::string::downcase;
use crate::registry::upcase::upcase;

pub(super) type Narrow = *const u8;
pub(super) type Wide = *const u16;

exports! {
    /// Copies text.
    [sys_only]
    fn strcpy(to: *mut u8, from: Narrow) -> *mut u8 {
        // SAFETY: the caller gave text, and room for it; so for all routines here.
        unsafe { copy(to, from, usize::MAX) };
        to
    }

    /// Copies text.
    [sys_only]
    fn wcscpy(to: *mut u16, from: Wide) -> *mut u16 {
        // SAFETY: as above.
        unsafe { copy(to, from, usize::MAX) };
        to
    }

    /// Copies up to `count` characters, and fills up with NULs.
    [sys_only]
    fn strncpy(to: *mut u8, from: Narrow, count: usize) -> *mut u8 {
        // SAFETY: as above.
        unsafe { copy_padded(to, from, count) };
        to
    }

    /// Copies up to `count` characters, and fills up with NULs.
    [sys_only]
    fn wcsncpy(to: *mut u16, from: Wide, count: usize) -> *mut u16 {
        // SAFETY: as above.
        unsafe { copy_padded(to, from, count) };
        to
    }

    /// Appends text.
    [sys_only]
    fn strcat(to: *mut u8, from: Narrow) -> *mut u8 {
        // SAFETY: as above.
        unsafe { append(to, from, usize::MAX) };
        to
    }

    /// Appends text.
    [sys_only]
    fn wcscat(to: *mut u16, from: Wide) -> *mut u16 {
        // SAFETY: as above.
        unsafe { append(to, from, usize::MAX) };
        to
    }

    /// Appends up to `count` characters.
    [sys_only]
    fn strncat(to: *mut u8, from: Narrow, count: usize) -> *mut u8 {
        // SAFETY: as above.
        unsafe { append(to, from, count) };
        to
    }

    /// Appends up to `count` characters.
    [sys_only]
    fn wcsncat(to: *mut u16, from: Wide, count: usize) -> *mut u16 {
        // SAFETY: as above.
        unsafe { append(to, from, count) };
        to
    }

    /// The number of characters before the NUL, at most `most`.
    [sys_only]
    fn strnlen(text: Narrow, most: usize) -> usize {
        // SAFETY: as above.
        unsafe { units(text, most) }.len()
    }

    /// Compares at most `most` characters.
    [sys_only]
    fn strncmp(a: Narrow, b: Narrow, most: usize) -> i32 {
        // SAFETY: as above.
        unsafe { compare(a, b, most, |byte| byte) }
    }

    /// Compares text without regard to case.
    [sys_only]
    fn _stricmp(a: Narrow, b: Narrow) -> i32 {
        // SAFETY: as above.
        unsafe { compare(a, b, usize::MAX, |byte| byte.to_ascii_lowercase()) }
    }

    /// Compares at most `most` characters without regard to case.
    [sys_only]
    fn _strnicmp(a: Narrow, b: Narrow, most: usize) -> i32 {
        // SAFETY: as above.
        unsafe { compare(a, b, most, |byte| byte.to_ascii_lowercase()) }
    }

    /// The first place of a character, or NULL.
    [sys_only]
    fn strchr(text: Narrow, wanted: i32) -> *mut u8 {
        // SAFETY: as above.
        let all = unsafe { with_nul(text) };
        place(text, all.iter().position(|&byte| byte == wanted as u8))
    }

    /// The last place of a character, or NULL.
    [sys_only]
    fn strrchr(text: Narrow, wanted: i32) -> *mut u8 {
        // SAFETY: as above.
        let all = unsafe { with_nul(text) };
        place(text, all.iter().rposition(|&byte| byte == wanted as u8))
    }

    /// The first place of a text in another, or NULL.
    [sys_only]
    fn strstr(text: Narrow, wanted: Narrow) -> *mut u8 {
        // SAFETY: as above.
        let all = unsafe { units(text, usize::MAX) };
        // SAFETY: as above.
        let wanted = unsafe { units(wanted, usize::MAX) };
        place(text, match wanted.len() {
            0 => Some(0),
            length => all.windows(length).position(|part| part == wanted),
        })
    }

    /// The first place of a byte among `count`, or NULL.
    [sys_only]
    fn memchr(from: *const c_void, wanted: i32, count: usize) -> *mut c_void {
        let from: Narrow = from.cast();
        // SAFETY: as above.
        let found = (0..count).find(|&at| unsafe { from.wrapping_add(at).read() } == wanted as u8);
        place(from, found).cast()
    }

    /// How many characters of the beginning are all among those of a set.
    [sys_only]
    fn strspn(text: Narrow, set: Narrow) -> usize {
        // SAFETY: as above.
        unsafe { span(text, set, true) }
    }

    /// How many characters of the beginning are all among those of a set.
    [sys_only]
    fn wcsspn(text: Wide, set: Wide) -> usize {
        // SAFETY: as above.
        unsafe { span(text, set, true) }
    }

    /// How many characters of the beginning are none of those of a set.
    [sys_only]
    fn wcscspn(text: Wide, set: Wide) -> usize {
        // SAFETY: as above.
        unsafe { span(text, set, false) }
    }

    /// Makes text lower-case in place.
    [sys_only]
    fn _strlwr(text: *mut u8) -> *mut u8 {
        // SAFETY: as above.
        unsafe { change(text, |byte| byte.to_ascii_lowercase()) };
        text
    }

    /// Makes text upper-case in place.
    [sys_only]
    fn _strupr(text: *mut u8) -> *mut u8 {
        // SAFETY: as above.
        unsafe { change(text, |byte| byte.to_ascii_uppercase()) };
        text
    }

    /// Makes text lower-case in place.
    [sys_only]
    fn _wcslwr(text: *mut u16) -> *mut u16 {
        // SAFETY: as above.
        unsafe { change(text, downcase) };
        text
    }

    /// Makes text upper-case in place.
    [sys_only]
    fn _wcsupr(text: *mut u16) -> *mut u16 {
        // SAFETY: as above.
        unsafe { change(text, upcase) };
        text
    }
}

/// A character: narrow or wide.
pub(super) trait Unit: Copy + Default + Ord {}

impl Unit for u8 {}
impl Unit for u16 {}

/// The characters before the NUL, at most `most`.
///
/// # Safety
/// `text` is NUL-terminated, or has `most` characters.
pub(super) unsafe fn units<'a, T: Unit>(text: *const T, most: usize) -> &'a [T] {
    // SAFETY: by this function's contract, what was not the end has a next character.
    let ends = |at: &usize| unsafe { text.wrapping_add(*at).read() } == T::default();
    match (0..most).find(ends).unwrap_or(most) {
        0 => &[],
        // SAFETY: as above.
        length => unsafe { std::slice::from_raw_parts(text, length) },
    }
}

/// The characters with the NUL.
///
/// # Safety
/// `text` is NUL-terminated.
unsafe fn with_nul<'a, T: Unit>(text: *const T) -> &'a [T] {
    // SAFETY: by this function's contract.
    let length = unsafe { units(text, usize::MAX) }.len();
    // SAFETY: as above; the NUL is there too.
    unsafe { std::slice::from_raw_parts(text, length + 1) }
}

fn place<T>(text: *const T, at: Option<usize>) -> *mut T {
    at.map_or(std::ptr::null_mut(), |at| text.wrapping_add(at).cast_mut())
}

/// Copies up to `most` characters, and a NUL behind them; gives their number.
///
/// # Safety
/// `from` is as [`units`] wants it, and there is room for what is copied.
pub(super) unsafe fn copy<T: Unit>(to: *mut T, from: *const T, most: usize) -> usize {
    // SAFETY: by this function's contract.
    let text = unsafe { units(from, most) };
    let length = text.len();
    // SAFETY: as above. As in the kernel, an overlap does no harm of its own.
    unsafe { to.copy_from(text.as_ptr(), length) };
    // SAFETY: as above.
    unsafe { to.wrapping_add(length).write(T::default()) };
    length
}

/// # Safety
/// As for [`copy`], with room for `count` characters.
unsafe fn copy_padded<T: Unit>(to: *mut T, from: *const T, count: usize) {
    // SAFETY: by this function's contract.
    let text = unsafe { units(from, count) };
    // SAFETY: as above.
    unsafe { to.copy_from(text.as_ptr(), text.len()) };
    for at in text.len()..count {
        // SAFETY: as above.
        unsafe { to.wrapping_add(at).write(T::default()) };
    }
}

/// # Safety
/// As for [`copy`], behind the text at `to`.
unsafe fn append<T: Unit>(to: *mut T, from: *const T, most: usize) {
    // SAFETY: by this function's contract.
    let used = unsafe { units(to, usize::MAX) }.len();
    // SAFETY: as above.
    unsafe { copy(to.wrapping_add(used), from, most) };
}

/// # Safety
/// Both texts are as [`units`] wants them.
unsafe fn compare<T: Unit>(a: *const T, b: *const T, most: usize, fold: impl Fn(T) -> T) -> i32 {
    // SAFETY: by this function's contract.
    let a = unsafe { units(a, most) }.iter().map(|&unit| fold(unit));
    // SAFETY: as above.
    let b = unsafe { units(b, most) }.iter().map(|&unit| fold(unit));
    a.cmp(b) as i32
}

/// # Safety
/// Both are NUL-terminated.
unsafe fn span<T: Unit>(text: *const T, set: *const T, inside: bool) -> usize {
    // SAFETY: by this function's contract.
    let text = unsafe { units(text, usize::MAX) };
    // SAFETY: as above.
    let set = unsafe { units(set, usize::MAX) };
    text.iter()
        .take_while(|unit| set.contains(unit) == inside)
        .count()
}

/// # Safety
/// `text` is NUL-terminated and may be written.
pub(super) unsafe fn change<T: Unit>(text: *mut T, how: impl Fn(T) -> T) {
    // SAFETY: by this function's contract.
    let length = unsafe { units(text.cast_const(), usize::MAX) }.len();
    for at in 0..length {
        let unit = text.wrapping_add(at);
        // SAFETY: as above.
        let new = how(unsafe { unit.read() });
        // SAFETY: as above.
        unsafe { unit.write(new) };
    }
}
