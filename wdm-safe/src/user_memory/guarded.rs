//! The copy routine: a leaf whose faults are caught by structured exception handling, as `__try` and
//! `__except` do it in C. In a build for the simulator the routine is the simulator's own.
//!
//! The handler is the kernel's `__C_specific_handler`, which looks into the scope table behind the
//! routine's unwind information: a fault between the first and the second label goes on at the
//! third, with the exception's code in the return register and the registers of the routine
//! restored. <https://learn.microsoft.com/cpp/build/exception-handling-x64>

use crate::{NtError, NtStatus, Result};

#[cfg(all(windows, feature = "kernel", target_arch = "x86_64"))]
core::arch::global_asm!(
    ".section .text$wdm_copy, \"xr\", one_only, wdm_guarded_copy",
    ".globl wdm_guarded_copy",
    ".p2align 4",
    ".seh_proc wdm_guarded_copy",
    "wdm_guarded_copy:", // (rcx to, rdx from, r8 count) -> eax status
    "push rdi",
    ".seh_pushreg rdi",
    "push rsi",
    ".seh_pushreg rsi",
    ".seh_endprologue",
    "mov rdi, rcx",
    "mov rsi, rdx",
    "mov rcx, r8",
    "2:",
    "rep movsb",
    "3:",
    "xor eax, eax",
    "4:", // A fault comes here with its code in eax.
    "pop rsi",
    "pop rdi",
    "ret",
    ".seh_handler __C_specific_handler, @except",
    ".seh_handlerdata",
    ".long 1",
    ".long 2b@IMGREL, 3b@IMGREL, 1, 4b@IMGREL",
    ".section .text$wdm_copy, \"xr\", one_only, wdm_guarded_copy",
    ".seh_endproc",
    ".text",
);

#[cfg(all(windows, feature = "kernel", target_arch = "aarch64"))]
core::arch::global_asm!(
    ".section .text$wdm_copy, \"xr\", one_only, wdm_guarded_copy",
    ".globl wdm_guarded_copy",
    ".p2align 2",
    ".seh_proc wdm_guarded_copy",
    "wdm_guarded_copy:", // (x0 to, x1 from, x2 count) -> w0 status
    "stp x29, x30, [sp, #-16]!",
    ".seh_save_fplr_x 16",
    "mov x29, sp",
    ".seh_set_fp",
    ".seh_endprologue",
    "cbz x2, 3f",
    "2:",
    "ldrb w3, [x1], #1",
    "strb w3, [x0], #1",
    "subs x2, x2, #1",
    "b.ne 2b",
    "3:",
    "mov w0, #0",
    "4:", // A fault comes here with its code in w0.
    ".seh_startepilogue",
    "ldp x29, x30, [sp], #16",
    ".seh_save_fplr_x 16",
    ".seh_endepilogue",
    "ret",
    ".seh_handler __C_specific_handler, @except",
    ".seh_handlerdata",
    ".long 1",
    ".long 2b@IMGREL, 3b@IMGREL, 1, 4b@IMGREL",
    ".section .text$wdm_copy, \"xr\", one_only, wdm_guarded_copy",
    ".seh_endproc",
    ".text",
);

unsafe extern "system" {
    /// Copies `count` bytes; the status of the fault that stopped it, or zero.
    fn wdm_guarded_copy(to: *mut u8, from: *const u8, count: usize) -> i32;
}

/// Copies bytes; either place may fault.
///
/// # Safety
/// Each place is of that size, and user memory that was probed, or memory of the kernel.
pub(super) unsafe fn copy(to: *mut u8, from: *const u8, count: usize) -> Result<()> {
    // SAFETY: a fault at either place is caught by the routine; a bad address in kernel space is
    // what the caller excludes.
    let status = unsafe { wdm_guarded_copy(to, from, count) };
    // A code that is no failure cannot stop a copy; it would be a fault all the same.
    match NtStatus::from_raw(status) {
        NtStatus::SUCCESS => Ok(()),
        status => Err(status.error().unwrap_or(NtError::ACCESS_VIOLATION)),
    }
}
