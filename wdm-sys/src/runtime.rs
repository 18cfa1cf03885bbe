//! The C runtime routines that the compiler calls by itself. In the kernel they are exports of
//! ntoskrnl.exe, as for a driver written in C; declaring them puts them into the import library.

#![allow(dead_code, reason = "the compiler's calls, not ours")]

use crate::ctypes::{c_int, c_void};

#[link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "system" {
    /// Copies bytes between places that do not overlap.
    pub(crate) fn memcpy(to: *mut c_void, from: *const c_void, count: usize) -> *mut c_void;
    /// Copies bytes between places that may overlap.
    pub(crate) fn memmove(to: *mut c_void, from: *const c_void, count: usize) -> *mut c_void;
    /// Fills bytes with one value.
    pub(crate) fn memset(to: *mut c_void, value: c_int, count: usize) -> *mut c_void;
    /// Compares bytes.
    pub(crate) fn memcmp(a: *const c_void, b: *const c_void, count: usize) -> c_int;
    /// Finds the handler of a fault in a routine's scope table; named by unwind tables, never called.
    pub(crate) fn __C_specific_handler();
    /// Touches the pages of a large stack frame; its convention is the compiler's own.
    pub(crate) fn __chkstk();
}
