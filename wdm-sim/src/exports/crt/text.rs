//! Text in the C runtime: copying, searching, comparing and changing case, narrow and wide, and the
//! `_s` variants that know how much room there is. Drivers that are linked in use the host's.
//!
//! Pages: <https://learn.microsoft.com/cpp/c-runtime-library/reference/strcpy-s-wcscpy-s-mbscpy-s> and
//! its neighbours. What the `_s` variants refuse is an error code here, as in the kernel, which has no
//! handler for invalid parameters. Narrow letters are ASCII's, wide ones those of NT's table.

use std::ffi::c_void;

use crate::exports::exports;
use crate::exports::rtl::rtl_string::downcase;
use crate::registry::upcase::upcase;

/// `EINVAL`, `ERANGE` and `STRUNCATE`.
const INVALID: i32 = 22;
const RANGE: i32 = 34;
const TRUNCATED: i32 = 80;
/// `_TRUNCATE`: as much as fits.
const TRUNCATE: usize = usize::MAX;

type Narrow = *const u8;
type Wide = *const u16;

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

    /// The lower-case letter.
    [sys_only]
    fn tolower(letter: i32) -> i32 {
        narrow(letter).map_or(letter, |byte| byte.to_ascii_lowercase().into())
    }

    /// The upper-case letter.
    [sys_only]
    fn toupper(letter: i32) -> i32 {
        narrow(letter).map_or(letter, |byte| byte.to_ascii_uppercase().into())
    }

    /// The lower-case letter.
    [sys_only]
    fn towlower(letter: u16) -> u16 {
        downcase(letter)
    }

    /// The upper-case letter.
    [sys_only]
    fn towupper(letter: u16) -> u16 {
        upcase(letter)
    }

    /// Whether it is a digit.
    [sys_only]
    fn isdigit(letter: i32) -> i32 {
        narrow(letter).is_some_and(|it| it.is_ascii_digit()).into()
    }

    /// Whether it is a hexadecimal digit.
    [sys_only]
    fn isxdigit(letter: i32) -> i32 {
        narrow(letter).is_some_and(|it| it.is_ascii_hexdigit()).into()
    }

    /// Whether it is a letter.
    [sys_only]
    fn isalpha(letter: i32) -> i32 {
        narrow(letter).is_some_and(|it| it.is_ascii_alphabetic()).into()
    }

    /// Whether it is a letter or a digit.
    [sys_only]
    fn isalnum(letter: i32) -> i32 {
        narrow(letter).is_some_and(|it| it.is_ascii_alphanumeric()).into()
    }

    /// Whether it is white space.
    [sys_only]
    fn isspace(letter: i32) -> i32 {
        narrow(letter).is_some_and(is_space).into()
    }

    /// Whether it is an upper-case letter.
    [sys_only]
    fn isupper(letter: i32) -> i32 {
        narrow(letter).is_some_and(|it| it.is_ascii_uppercase()).into()
    }

    /// Whether it is a lower-case letter.
    [sys_only]
    fn islower(letter: i32) -> i32 {
        narrow(letter).is_some_and(|it| it.is_ascii_lowercase()).into()
    }

    /// Whether it can be printed.
    [sys_only]
    fn isprint(letter: i32) -> i32 {
        narrow(letter).is_some_and(|it| (b' '..=b'~').contains(&it)).into()
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

/// A character: narrow or wide.
trait Unit: Copy + Default + Ord {}

impl Unit for u8 {}
impl Unit for u16 {}

/// A number that stands for a narrow character.
fn narrow(letter: i32) -> Option<u8> {
    u8::try_from(letter).ok()
}

/// What C's `isspace` is true of.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

/// The characters before the NUL, at most `most`.
///
/// # Safety
/// `text` is NUL-terminated, or has `most` characters.
unsafe fn units<'a, T: Unit>(text: *const T, most: usize) -> &'a [T] {
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
unsafe fn copy<T: Unit>(to: *mut T, from: *const T, most: usize) -> usize {
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
unsafe fn change<T: Unit>(text: *mut T, how: impl Fn(T) -> T) {
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
