//! What drivers need most of the C runtime: bytes, lengths, comparing and searching text, printing into
//! a buffer. Drivers that are linked in use the host's.

use std::cmp::Ordering;
use std::ffi::c_void;

use wdm_sys::{PCCH, PCWSTR, WCHAR, va_list};

use super::format::{Arguments, Flavour, format};
use crate::exports::dbg::narrow;
use crate::exports::exports;
use crate::registry::upcase::upcase;

/// `ExceptionContinueSearch`.
const CONTINUE_SEARCH: i32 = 1;

exports! {
    /// Copies bytes between places that do not overlap.
    [sys_only]
    fn memcpy(to: *mut c_void, from: *const c_void, count: usize) -> *mut c_void {
        // SAFETY: the caller gave such places. As in the kernel, an overlap does no harm.
        unsafe { to.cast::<u8>().copy_from(from.cast(), count) };
        to
    }

    /// Copies bytes between places that may overlap.
    [sys_only]
    fn memmove(to: *mut c_void, from: *const c_void, count: usize) -> *mut c_void {
        // SAFETY: the caller gave such places.
        unsafe { to.cast::<u8>().copy_from(from.cast(), count) };
        to
    }

    /// Fills bytes with one value.
    [sys_only]
    fn memset(to: *mut c_void, value: i32, count: usize) -> *mut c_void {
        // SAFETY: the caller gave such a place.
        unsafe { to.cast::<u8>().write_bytes(value as u8, count) };
        to
    }

    /// Compares bytes.
    [sys_only]
    fn memcmp(a: *const c_void, b: *const c_void, count: usize) -> i32 {
        // SAFETY: the caller gave that many bytes.
        let a = unsafe { bytes(a.cast(), count) };
        // SAFETY: as above.
        let b = unsafe { bytes(b.cast(), count) };
        a.cmp(b) as i32
    }

    /// How many bytes are equal from the beginning.
    [sys_only]
    fn RtlCompareMemory(a: *const c_void, b: *const c_void, count: usize) -> usize {
        // SAFETY: the caller gave that many bytes.
        let a = unsafe { bytes(a.cast(), count) };
        // SAFETY: as above.
        let b = unsafe { bytes(b.cast(), count) };
        a.iter().zip(b).take_while(|(a, b)| a == b).count()
    }

    /// The number of characters before the NUL.
    [sys_only]
    fn strlen(text: PCCH) -> usize {
        // SAFETY: the caller gave NUL-terminated text.
        unsafe { std::ffi::CStr::from_ptr(text) }.count_bytes()
    }

    /// Compares text.
    [sys_only]
    fn strcmp(a: PCCH, b: PCCH) -> i32 {
        // SAFETY: the caller gave NUL-terminated text.
        let a = unsafe { std::ffi::CStr::from_ptr(a) };
        // SAFETY: as above.
        let b = unsafe { std::ffi::CStr::from_ptr(b) };
        a.to_bytes().cmp(b.to_bytes()) as i32
    }

    /// The number of characters before the NUL.
    [sys_only]
    fn wcslen(text: PCWSTR) -> usize {
        // SAFETY: the caller gave NUL-terminated text.
        unsafe { units_before_nul(text) }
    }

    /// The number of characters before the NUL, at most `most`.
    [sys_only]
    fn wcsnlen(text: PCWSTR, most: usize) -> usize {
        // SAFETY: the caller gave NUL-terminated text, or `most` characters.
        unsafe { units(text, most) }.len()
    }

    /// Compares text.
    [sys_only]
    fn wcscmp(a: PCWSTR, b: PCWSTR) -> i32 {
        // SAFETY: the caller gave NUL-terminated text.
        unsafe { compare(a, b, usize::MAX, |unit| unit) }
    }

    /// Compares at most `most` characters of text.
    [sys_only]
    fn wcsncmp(a: PCWSTR, b: PCWSTR, most: usize) -> i32 {
        // SAFETY: the caller gave NUL-terminated text, or `most` characters.
        unsafe { compare(a, b, most, |unit| unit) }
    }

    /// Compares text without regard to case.
    [sys_only]
    fn _wcsicmp(a: PCWSTR, b: PCWSTR) -> i32 {
        // SAFETY: the caller gave NUL-terminated text.
        unsafe { compare(a, b, usize::MAX, upcase) }
    }

    /// Compares at most `most` characters of text without regard to case.
    [sys_only]
    fn _wcsnicmp(a: PCWSTR, b: PCWSTR, most: usize) -> i32 {
        // SAFETY: the caller gave NUL-terminated text, or `most` characters.
        unsafe { compare(a, b, most, upcase) }
    }

    /// The first place of a character, or NULL.
    [sys_only]
    fn wcschr(text: PCWSTR, wanted: WCHAR) -> *mut WCHAR {
        // SAFETY: the caller gave NUL-terminated text.
        let all = unsafe { units(text, usize::MAX) };
        let at = match wanted {
            0 => Some(all.len()),
            _ => all.iter().position(|&unit| unit == wanted),
        };
        at.map_or(std::ptr::null_mut(), |at| text.wrapping_add(at).cast_mut())
    }

    /// The last place of a character, or NULL.
    [sys_only]
    fn wcsrchr(text: PCWSTR, wanted: WCHAR) -> *mut WCHAR {
        // SAFETY: the caller gave NUL-terminated text.
        let all = unsafe { units(text, usize::MAX) };
        let at = match wanted {
            0 => Some(all.len()),
            _ => all.iter().rposition(|&unit| unit == wanted),
        };
        at.map_or(std::ptr::null_mut(), |at| text.wrapping_add(at).cast_mut())
    }

    /// The first place of a text in another, or NULL.
    [sys_only]
    fn wcsstr(text: PCWSTR, wanted: PCWSTR) -> *mut WCHAR {
        // SAFETY: the caller gave NUL-terminated texts.
        let all = unsafe { units(text, usize::MAX) };
        // SAFETY: as above.
        let wanted = unsafe { units(wanted, usize::MAX) };
        let at = match wanted.len() {
            0 => Some(0),
            length => all.windows(length).position(|part| part == wanted),
        };
        at.map_or(std::ptr::null_mut(), |at| text.wrapping_add(at).cast_mut())
    }

    /// Formats text into `room` characters. The result is the number of characters, or -1 if they do
    /// not fit; a NUL is added if there is room for it.
    [sys_only]
    fn _vsnprintf(out: *mut u8, room: usize, format: PCCH, arguments: va_list) -> i32 {
        // SAFETY: the caller gave a buffer, text and what it asks for.
        unsafe { print_narrow(out, room, format, arguments) }
    }

    /// Formats text into `room` characters, as [`_vsnprintf`].
    [sys_only]
    fn _vsnwprintf(out: *mut WCHAR, room: usize, format: PCWSTR, arguments: va_list) -> i32 {
        // SAFETY: the caller gave a buffer, text and what it asks for.
        unsafe { print_wide(out, room, format, arguments) }
    }

    /// The handler of `__try` blocks, where exceptions are not dispatched to drivers: nothing calls
    /// it; if a driver does, the answer is that the search goes on. See `seh` for x86_64 Linux.
    [sys_only]
    fn __C_specific_handler(
        _record: *mut c_void,
        _frame: *mut c_void,
        _context: *mut c_void,
        _dispatcher: *mut c_void,
    ) -> i32 {
        CONTINUE_SEARCH
    }
}

/// The routine that is called before a function takes more than a page of stack.
#[cfg(target_arch = "x86_64")]
pub(super) static STACK_PROBE: &[super::Export] = &[super::Export {
    name: "__chkstk",
    linked: None,
    win64: chkstk as *const (),
}];

/// There is none for other processors.
#[cfg(not(target_arch = "x86_64"))]
pub(super) static STACK_PROBE: &[super::Export] = &[];

/// Touches each page of the `rax` bytes below the caller's stack, from the top down, so that guard
/// pages are met in order. All registers keep their values.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "win64" fn chkstk() {
    std::arch::naked_asm!(
        "push rcx",
        "push rax",
        "lea rcx, [rsp + 24]", // The caller's stack pointer.
        "2:",
        "cmp rax, 4096",
        "jb 3f",
        "sub rcx, 4096",
        "test [rcx], cl",
        "sub rax, 4096",
        "jmp 2b",
        "3:",
        "sub rcx, rax",
        "test [rcx], cl",
        "pop rax",
        "pop rcx",
        "ret",
    )
}

/// # Safety
/// `address` leads to `count` bytes, or `count` is 0.
unsafe fn bytes<'a>(address: *const u8, count: usize) -> &'a [u8] {
    match count {
        0 => &[],
        // SAFETY: by this function's contract.
        _ => unsafe { std::slice::from_raw_parts(address, count) },
    }
}

/// The number of characters before the NUL.
///
/// # Safety
/// `text` is NUL-terminated.
pub(in crate::exports) unsafe fn units_before_nul(text: PCWSTR) -> usize {
    // SAFETY: by this function's contract.
    unsafe { units(text, usize::MAX) }.len()
}

/// The characters before the NUL, at most `most`.
///
/// # Safety
/// `text` is NUL-terminated, or has `most` characters.
unsafe fn units<'a>(text: PCWSTR, most: usize) -> &'a [u16] {
    // SAFETY: by this function's contract, what was not the end has a next character.
    let length = (0..most).take_while(|&at| unsafe { text.wrapping_add(at).read() } != 0);
    let length = length.count();
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts(text, length) }
}

/// # Safety
/// As for [`units`], both texts.
unsafe fn compare(a: PCWSTR, b: PCWSTR, most: usize, fold: impl Fn(u16) -> u16) -> i32 {
    // SAFETY: by this function's contract.
    let a = unsafe { units(a, most) }.iter().map(|&unit| fold(unit));
    // SAFETY: as above.
    let b = unsafe { units(b, most) }.iter().map(|&unit| fold(unit));
    match a.cmp(b) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

/// `_vsnprintf`.
///
/// # Safety
/// `out` has room for `room` characters; `text` is NUL-terminated and `arguments` hold what it asks
/// for.
pub(in crate::exports) unsafe fn print_narrow(
    out: *mut u8,
    room: usize,
    text: PCCH,
    arguments: va_list,
) -> i32 {
    // SAFETY: by this function's contract.
    let text = unsafe { narrow(text) };
    // SAFETY: as above.
    let arguments = unsafe { Arguments::new(arguments.cast_const().cast()) };
    // SAFETY: as above.
    let printed = unsafe { format(Flavour::Narrow, &text, arguments) };
    // SAFETY: as above.
    unsafe { store(out, room, printed.as_bytes()) }
}

/// `_vsnwprintf`.
///
/// # Safety
/// As for [`print_narrow`].
pub(in crate::exports) unsafe fn print_wide(
    out: *mut WCHAR,
    room: usize,
    text: PCWSTR,
    arguments: va_list,
) -> i32 {
    // SAFETY: by this function's contract.
    let text = String::from_utf16_lossy(unsafe { units(text, usize::MAX) });
    // SAFETY: as above.
    let arguments = unsafe { Arguments::new(arguments.cast_const().cast()) };
    // SAFETY: as above.
    let printed = unsafe { format(Flavour::Wide, &text, arguments) };
    let printed: Vec<u16> = printed.encode_utf16().collect();
    // SAFETY: as above.
    unsafe { store(out, room, &printed) }
}

/// Stores as much as fits; the result of the CRT's `_vsn` functions.
///
/// # Safety
/// `out` has room for `room` units.
unsafe fn store<T: Copy + Default>(out: *mut T, room: usize, printed: &[T]) -> i32 {
    let count = printed.len().min(room);
    // SAFETY: by this function's contract.
    unsafe { out.copy_from_nonoverlapping(printed.as_ptr(), count) };
    if count < room {
        // SAFETY: as above.
        unsafe { out.wrapping_add(count).write(T::default()) };
    }
    if printed.len() > room {
        return -1;
    }
    i32::try_from(printed.len()).unwrap_or(-1)
}
