//! The cases, which are C, and what they call.

use core::arch::global_asm;
use core::ffi::{CStr, c_char, c_void};

use wdm_safe::info;

global_asm!(include_str!("../c/exceptions.s"), options(att_syntax, raw));
global_asm!(include_str!("helpers.s"));

unsafe extern "C" {
    fn run_case(number: u32) -> i32;
}

// What the cases and the compiler call, for the import library.
#[link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim")]
#[allow(dead_code, reason = "not called from here")]
unsafe extern "system" {
    fn ExRaiseStatus(status: i32) -> !;
    fn ExRaiseAccessViolation() -> !;
    fn ProbeForRead(address: *const c_void, length: usize, alignment: u32);
    fn ProbeForWrite(address: *mut c_void, length: usize, alignment: u32);
    fn RtlRaiseException(record: *mut c_void);
    fn strlen(text: *const c_char) -> usize;
}

/// Runs a case; gives its status.
pub(crate) fn run(number: u32) -> i32 {
    // SAFETY: a case takes its exceptions, or stops the machine.
    unsafe { run_case(number) }
}

/// Prints a step of a case.
#[unsafe(no_mangle)]
extern "C" fn say(what: *const c_char) {
    // SAFETY: the cases give literals.
    let what = unsafe { CStr::from_ptr(what) };
    info!("{}", what.to_str().unwrap_or("?"));
}

/// Prints a step with a number.
#[unsafe(no_mangle)]
extern "C" fn say_code(what: *const c_char, code: u32) {
    // SAFETY: the cases give literals.
    let what = unsafe { CStr::from_ptr(what) };
    info!("{} {code:#x}", what.to_str().unwrap_or("?"));
}
