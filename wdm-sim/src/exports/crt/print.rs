//! The C runtime's `printf` family, but for the four that `crt` and `dbg` define. Drivers that are
//! linked in use the host's.
//!
//! Pages: <https://learn.microsoft.com/cpp/c-runtime-library/reference/vsprintf-s-vsprintf-s-l-vswprintf-s-vswprintf-s-l>
//! and its neighbours.

use wdm_sys::{PCCH, PCWSTR, WCHAR, va_list};

use super::basics::{print_narrow, print_wide};
use crate::exports::{Export, exports};

/// `_TRUNCATE`: as much as fits.
const TRUNCATE: usize = usize::MAX;
/// What the kernel takes for enough room where nobody says how much there is: `INT_MAX`.
const ENOUGH: usize = i32::MAX as usize;

exports! {
    /// Formats text into enough room.
    [sys_only]
    fn vsprintf(out: *mut u8, format: PCCH, arguments: va_list) -> i32 {
        // SAFETY: the caller gave a buffer, text and what it asks for; so for all routines here.
        unsafe { print_narrow(out, ENOUGH, format, arguments) }
    }

    /// Formats text into enough room.
    [sys_only]
    fn _vswprintf(out: *mut WCHAR, format: PCWSTR, arguments: va_list) -> i32 {
        // SAFETY: as above.
        unsafe { print_wide(out, ENOUGH, format, arguments) }
    }

    /// Formats text into `room` characters, or not at all.
    [sys_only]
    fn vsprintf_s(out: *mut u8, room: usize, format: PCCH, arguments: va_list) -> i32 {
        let print = |out, room| {
            // SAFETY: as above.
            unsafe { print_narrow(out, room, format, arguments) }
        };
        // SAFETY: as above.
        unsafe { checked(out, room, None, print) }
    }

    /// Formats text into `room` characters, or not at all.
    [sys_only]
    fn vswprintf_s(out: *mut WCHAR, room: usize, format: PCWSTR, arguments: va_list) -> i32 {
        let print = |out, room| {
            // SAFETY: as above.
            unsafe { print_wide(out, room, format, arguments) }
        };
        // SAFETY: as above.
        unsafe { checked(out, room, None, print) }
    }

    /// Formats up to `count` characters into `room`.
    [sys_only]
    fn _vsnprintf_s(
        out: *mut u8,
        room: usize,
        count: usize,
        format: PCCH,
        arguments: va_list,
    ) -> i32 {
        let print = |out, room| {
            // SAFETY: as above.
            unsafe { print_narrow(out, room, format, arguments) }
        };
        // SAFETY: as above.
        unsafe { checked(out, room, Some(count), print) }
    }

    /// Formats up to `count` characters into `room`.
    [sys_only]
    fn _vsnwprintf_s(
        out: *mut WCHAR,
        room: usize,
        count: usize,
        format: PCWSTR,
        arguments: va_list,
    ) -> i32 {
        let print = |out, room| {
            // SAFETY: as above.
            unsafe { print_wide(out, room, format, arguments) }
        };
        // SAFETY: as above.
        unsafe { checked(out, room, Some(count), print) }
    }
}

/// The `_s` variants: what does not fit is an error and leaves an empty text, unless `count` says how
/// much of it is wanted.
///
/// # Safety
/// `out` is null or has room for `room` characters.
unsafe fn checked<T: Copy + Default>(
    out: *mut T,
    room: usize,
    count: Option<usize>,
    print: impl FnOnce(*mut T, usize) -> i32,
) -> i32 {
    if out.is_null() || room == 0 {
        return -1;
    }
    let terminate = |at: usize| {
        // SAFETY: by this function's contract; the callers stay below `room`.
        unsafe { out.wrapping_add(at).write(T::default()) };
    };
    let most = count.unwrap_or(TRUNCATE).min(room - 1);
    let printed = print(out, most);
    // With all of `most` filled there is no NUL yet.
    if printed < 0 || printed as usize == most {
        terminate(most);
    }
    let cut_short = count.is_some_and(|count| count == TRUNCATE || count < room);
    if printed < 0 && !cut_short {
        terminate(0);
    }
    printed
}

/// The C-variadic routines, which only `.sys` files can call.
pub(super) static VARIADIC: &[Export] = variadic::EXPORTS;

/// In Microsoft's convention the caller leaves room on the stack for the four arguments that come in
/// registers, below the others: stored there, all of them are one list of slots.
mod variadic {
    use std::arch::naked_asm;

    use wdm_sys::va_list;

    use super::body;
    use crate::exports::Export;

    pub(super) static EXPORTS: &[Export] = &[
        export("sprintf", sprintf as *const ()),
        export("sprintf_s", sprintf_s as *const ()),
        export("_snprintf_s", snprintf_s as *const ()),
        export("swprintf", swprintf as *const ()),
        export("_swprintf", swprintf as *const ()),
        export("swprintf_s", swprintf_s as *const ()),
        export("_snwprintf_s", snwprintf_s as *const ()),
    ];

    const fn export(name: &'static str, win64: *const ()) -> Export {
        Export {
            name,
            linked: None,
            win64,
        }
    }

    /// The arguments of a call, in slots of eight bytes.
    #[derive(Clone, Copy)]
    struct Slots(*const u64);

    impl Slots {
        /// # Safety
        /// The call has such an argument.
        unsafe fn number(self, index: usize) -> usize {
            // SAFETY: by this function's contract.
            let slot = unsafe { self.0.wrapping_add(index).read() };
            slot as usize
        }

        /// # Safety
        /// As for [`number`](Self::number).
        unsafe fn pointer<T>(self, index: usize) -> *mut T {
            // SAFETY: by this function's contract.
            std::ptr::with_exposed_provenance_mut(unsafe { self.number(index) })
        }

        /// The arguments from an index on.
        fn list(self, index: usize) -> va_list {
            self.0.wrapping_add(index).cast_mut().cast()
        }
    }

    /// Defines a routine whose arguments go to a function in slots.
    macro_rules! variadic {
        ($(#[doc = $doc:literal])* fn $name:ident($slots:ident) $body:block) => {
            $(#[doc = $doc])*
            #[unsafe(naked)]
            unsafe extern "win64" fn $name() {
                unsafe extern "win64" fn with_slots($slots: *const u64) -> i32 {
                    let $slots = Slots($slots);
                    $body
                }
                naked_asm!(
                    "mov [rsp + 8], rcx",
                    "mov [rsp + 16], rdx",
                    "mov [rsp + 24], r8",
                    "mov [rsp + 32], r9",
                    "lea rcx, [rsp + 8]",
                    "sub rsp, 40",
                    "call {with_slots}",
                    "add rsp, 40",
                    "ret",
                    with_slots = sym with_slots,
                )
            }
        };
    }

    variadic! {
        /// Formats text into enough room.
        fn sprintf(slots) {
            // SAFETY: the caller gave these arguments; so for all routines here.
            let out = unsafe { slots.pointer(0) };
            // SAFETY: as above.
            let format = unsafe { slots.pointer(1) };
            // SAFETY: as above.
            unsafe { body::vsprintf(out, format, slots.list(2)) }
        }
    }

    variadic! {
        /// Formats text into enough room.
        fn swprintf(slots) {
            // SAFETY: as above.
            let out = unsafe { slots.pointer(0) };
            // SAFETY: as above.
            let format = unsafe { slots.pointer(1) };
            // SAFETY: as above.
            unsafe { body::_vswprintf(out, format, slots.list(2)) }
        }
    }

    variadic! {
        /// Formats text into so many characters, or not at all.
        fn sprintf_s(slots) {
            // SAFETY: as above.
            let (out, room, format) = unsafe { sized(slots, 2) };
            // SAFETY: as above.
            unsafe { body::vsprintf_s(out, room, format, slots.list(3)) }
        }
    }

    variadic! {
        /// Formats text into so many characters, or not at all.
        fn swprintf_s(slots) {
            // SAFETY: as above.
            let (out, room, format) = unsafe { sized(slots, 2) };
            // SAFETY: as above.
            unsafe { body::vswprintf_s(out, room, format, slots.list(3)) }
        }
    }

    variadic! {
        /// Formats up to so many characters.
        fn snprintf_s(slots) {
            // SAFETY: as above.
            let (out, room, format) = unsafe { sized(slots, 3) };
            // SAFETY: as above.
            let count = unsafe { slots.number(2) };
            // SAFETY: as above.
            unsafe { body::_vsnprintf_s(out, room, count, format, slots.list(4)) }
        }
    }

    variadic! {
        /// Formats up to so many characters.
        fn snwprintf_s(slots) {
            // SAFETY: as above.
            let (out, room, format) = unsafe { sized(slots, 3) };
            // SAFETY: as above.
            let count = unsafe { slots.number(2) };
            // SAFETY: as above.
            unsafe { body::_vsnwprintf_s(out, room, count, format, slots.list(4)) }
        }
    }

    /// A buffer, its size, and the format, which is argument number `format`.
    ///
    /// # Safety
    /// The call has such arguments.
    unsafe fn sized<T, F>(slots: Slots, format: usize) -> (*mut T, usize, *const F) {
        // SAFETY: by this function's contract.
        let out = unsafe { slots.pointer(0) };
        // SAFETY: as above.
        let room = unsafe { slots.number(1) };
        // SAFETY: as above.
        let format: *mut F = unsafe { slots.pointer(format) };
        (out, room, format)
    }
}
