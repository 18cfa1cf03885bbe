//! Printing.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-dbgprintex>,
//! `nf-wdm-vdbgprintexwithprefix` there. All components and levels are printed.

use std::ffi::CStr;

use wdm_sys::{PCCH, va_list};

use super::{Export, exports};
use crate::exports::crt::format::{Arguments, Flavour, format};
use crate::machine::current;
use crate::trace::What;

exports! {
    /// Prints `prefix` and the formatted text behind it. With an empty format, which is how Rust
    /// drivers call it, there are no arguments and `ap` can be NULL.
    fn vDbgPrintExWithPrefix(
        prefix: PCCH,
        _component: u32,
        _level: u32,
        format: PCCH,
        ap: va_list,
    ) -> u32 {
        // SAFETY: the caller gave such text and arguments.
        unsafe { print(CALL, prefix, format, ap) }
    }

    /// Prints formatted text.
    [undeclared]
    fn vDbgPrintEx(_component: u32, _level: u32, format: PCCH, ap: va_list) -> u32 {
        // SAFETY: the caller gave such text and arguments.
        unsafe { print(CALL, c"".as_ptr(), format, ap) }
    }
}

/// # Safety
/// `prefix` and `text` are NUL-terminated or null; `ap` holds what `text` asks for.
unsafe fn print(call: &'static str, prefix: PCCH, text: PCCH, ap: va_list) -> u32 {
    let thread = current(call);
    // SAFETY: by this function's contract.
    let mut line = unsafe { narrow(prefix) };
    // SAFETY: as above.
    let text = unsafe { narrow(text) };
    // SAFETY: as above.
    let arguments = unsafe { Arguments::new(ap.cast_const().cast()) };
    // SAFETY: as above.
    line.push_str(&unsafe { format(Flavour::Narrow, &text, arguments) });
    let tell = |line: &str| {
        thread.trace(|| What::Print {
            line: line.to_owned(),
        });
    };
    thread.kernel().debug.print(&line, tell);
    0
}

/// NUL-terminated text; nothing for NULL.
///
/// # Safety
/// `text` is null or NUL-terminated.
pub(super) unsafe fn narrow(text: PCCH) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: by this function's contract.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}

/// The C-variadic routines, which only `.sys` files can call.
#[cfg(not(target_arch = "x86_64"))]
pub(super) static VARIADIC: &[Export] = &[];

/// The C-variadic routines, which only `.sys` files can call.
#[cfg(target_arch = "x86_64")]
pub(super) static VARIADIC: &[Export] = variadic::EXPORTS;

/// C-variadic functions cannot be defined in stable Rust. In Microsoft's convention the first four
/// arguments come in registers and the caller leaves room for them on the stack, next to the others;
/// stored there, all the arguments together are a `va_list`.
#[cfg(target_arch = "x86_64")]
mod variadic {
    use std::arch::naked_asm;

    use wdm_sys::{PCCH, WCHAR, va_list};

    use super::super::{Export, crt::basics as crt};
    use super::print;

    pub(super) static EXPORTS: &[Export] = &[
        export("DbgPrint", dbg_print as *const ()),
        export("DbgPrintEx", dbg_print_ex as *const ()),
        export("_snprintf", snprintf as *const ()),
        export("_snwprintf", snwprintf as *const ()),
    ];

    const fn export(name: &'static str, win64: *const ()) -> Export {
        Export {
            name,
            linked: None,
            win64,
        }
    }

    /// Stores the register arguments, points `$list` behind the `$fixed` bytes of named ones, and goes
    /// on in `$body`, which finds the named ones where they were.
    macro_rules! variadic {
        ($name:ident, $list:literal, $fixed:literal, $body:path) => {
            #[unsafe(naked)]
            unsafe extern "win64" fn $name() {
                naked_asm!(
                    "mov [rsp + 8], rcx",
                    "mov [rsp + 16], rdx",
                    "mov [rsp + 24], r8",
                    "mov [rsp + 32], r9",
                    concat!("lea ", $list, ", [rsp + 8 + ", $fixed, "]"),
                    "jmp {body}",
                    body = sym $body,
                )
            }
        };
    }

    variadic!(dbg_print, "rdx", "8", dbg_print_body);
    variadic!(dbg_print_ex, "r9", "24", dbg_print_ex_body);
    variadic!(snprintf, "r9", "24", snprintf_body);
    variadic!(snwprintf, "r9", "24", snwprintf_body);

    unsafe extern "win64" fn dbg_print_body(format: PCCH, arguments: va_list) -> u32 {
        // SAFETY: the caller gave text and what it asks for.
        unsafe { print("DbgPrint", c"".as_ptr(), format, arguments) }
    }

    unsafe extern "win64" fn dbg_print_ex_body(
        _component: u32,
        _level: u32,
        format: PCCH,
        arguments: va_list,
    ) -> u32 {
        // SAFETY: the caller gave text and what it asks for.
        unsafe { print("DbgPrintEx", c"".as_ptr(), format, arguments) }
    }

    unsafe extern "win64" fn snprintf_body(
        out: *mut u8,
        room: usize,
        format: PCCH,
        arguments: va_list,
    ) -> i32 {
        // SAFETY: the caller gave a buffer, text and what it asks for.
        unsafe { crt::print_narrow(out, room, format, arguments) }
    }

    unsafe extern "win64" fn snwprintf_body(
        out: *mut WCHAR,
        room: usize,
        format: *const WCHAR,
        arguments: va_list,
    ) -> i32 {
        // SAFETY: the caller gave a buffer, text and what it asks for.
        unsafe { crt::print_wide(out, room, format, arguments) }
    }
}
