//! Control flow guard: the kernel's functions that code compiled with `/guard:cf` goes through for
//! indirect calls.
//!
//! Page: <https://learn.microsoft.com/windows/win32/secbp/pe-metadata>. An image comes with functions
//! of its own that let everything pass, or with none; the kernel puts its own there, as it is done here.
//! These let everything pass too: a call to where no code is faults by itself.

use std::arch::naked_asm;

/// The function that checks, and the one that calls.
pub(super) const FUNCTIONS: [*const (); 2] = [check as *const (), call as *const ()];

/// Returns if rcx is where a function begins. All registers keep their values.
#[unsafe(naked)]
unsafe extern "win64" fn check() {
    naked_asm!("ret")
}

/// Goes on at rax, which is where a function begins, with the arguments as they are.
#[unsafe(naked)]
unsafe extern "win64" fn call() {
    naked_asm!("jmp rax")
}
