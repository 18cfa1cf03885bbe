//! The guarded copy of drivers that are linked in.
//!
//! In a `.sys` file the copy is the driver's own routine, guarded by structured exception handling.
//! Drivers that are linked in have no such thing, so their build calls this one.

use wdm_sys::{STATUS_ACCESS_VIOLATION, STATUS_SUCCESS};

/// Copies bytes, of which either place may be memory of a caller that goes away meanwhile; the
/// status of the fault that stopped it, or success.
///
/// # Safety
/// Each place is a caller's [`UserMemory`](crate::UserMemory), or valid for the access; they are
/// apart.
#[unsafe(no_mangle)]
unsafe extern "system" fn wdm_guarded_copy(to: *mut u8, from: *const u8, count: usize) -> i32 {
    // SAFETY: by this function's contract.
    match unsafe { copy(to, from, count) } {
        true => STATUS_SUCCESS,
        false => STATUS_ACCESS_VIOLATION,
    }
}

/// Only memory that can go away needs the guard; a plain copy is one that the address sanitizer sees.
///
/// # Safety
/// As of [`wdm_guarded_copy`].
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
unsafe fn copy(to: *mut u8, from: *const u8, count: usize) -> bool {
    if crate::user::can_go_away(to) || crate::user::can_go_away(from) {
        if crate::faults::guarded_copy_fails() {
            return false;
        }
        // SAFETY: by this function's contract; a fault ends the copy.
        return unsafe { crate::seh::copy_guarded(to, from, count) };
    }
    // SAFETY: by this function's contract.
    unsafe { to.copy_from_nonoverlapping(from, count) };
    true
}

/// On hosts where faults cannot be caught, callers' memory stays.
///
/// # Safety
/// As of [`wdm_guarded_copy`].
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
unsafe fn copy(to: *mut u8, from: *const u8, count: usize) -> bool {
    // SAFETY: by this function's contract.
    unsafe { to.copy_from_nonoverlapping(from, count) };
    true
}
