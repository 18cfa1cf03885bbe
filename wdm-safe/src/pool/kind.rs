//! Which pool memory comes from: the one that is not executable, where Windows has it.
//!
//! `NonPagedPoolNx` came with Windows 8; before, all non-paged pool is executable. One binary for
//! both asks once, at the driver's start, as C's `ExInitializeDriverRuntime(DrvRtPoolNxOptIn)` does:
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/single-binary-opt-in-pool-nx-optin>.

use core::sync::atomic::{AtomicBool, Ordering};

use wdm_sys as sys;

use crate::{Passive, system_routine, unicode};

/// Whether this Windows has executable non-paged pool only. (False is all zero, so it takes no room in
/// the driver's file.)
///
/// It changes once at most, and what is allocated from then is on every Windows. So drivers on
/// several simulated machines in one process, which share it, can all allocate.
static IS_OLD: AtomicBool = AtomicBool::new(false);

/// The pool to allocate non-paged memory from.
pub(super) fn non_paged() -> sys::POOL_TYPE {
    match IS_OLD.load(Ordering::Relaxed) {
        false => sys::NonPagedPoolNx,
        true => sys::NonPagedPool,
    }
}

/// Chooses the pool by the version of Windows. The driver's start calls it before it allocates.
pub(crate) fn choose(at: Passive<'_>) {
    // It came with Windows 8, too.
    let of_windows_8 = system_routine(unicode!("KeQuerySystemTimePrecise"), at);
    if of_windows_8.is_none() {
        IS_OLD.store(true, Ordering::Relaxed);
    }
}
