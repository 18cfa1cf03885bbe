//! Which pool memory comes from: the one that is not executable, where Windows has it.
//!
//! `NonPagedPoolNx` came with Windows 8; before, all non-paged pool is executable. One binary for
//! both asks once, at the driver's start, as `ExInitializeDriverRuntime(DrvRtPoolNxOptIn)` does in C:
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/single-binary-opt-in-pool-nx-optin>.

use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering};

use wdm_sys as sys;

use crate::Passive;

/// What non-paged memory is allocated from.
///
/// It changes once at most, to what every Windows has. So drivers on several simulated machines in
/// one process, which share it, can all allocate.
static NON_PAGED: AtomicU32 = AtomicU32::new(sys::NonPagedPoolNx);

/// The pool to allocate non-paged memory from.
pub(super) fn non_paged() -> sys::POOL_TYPE {
    NON_PAGED.load(Ordering::Relaxed)
}

/// Chooses the pool by the version of Windows. The driver's start calls it before it allocates.
pub(crate) fn choose(_at: Passive<'_>) {
    if !has_nx_pool() {
        NON_PAGED.store(sys::NonPagedPool, Ordering::Relaxed);
    }
}

/// Whether this is Windows 8 (version 6.2) or later (`RtlGetVersion`).
fn has_nx_pool() -> bool {
    let mut version = MaybeUninit::<sys::_OSVERSIONINFOW>::zeroed();
    // SAFETY: all-zero bytes are valid for numbers.
    let version = unsafe { version.assume_init_mut() };
    version.dwOSVersionInfoSize = const { size_of::<sys::_OSVERSIONINFOW>() as u32 };
    // SAFETY: the structure is valid and says its size; the level is the caller's PASSIVE_LEVEL.
    unsafe { sys::RtlGetVersion(version) };
    (version.dwMajorVersion, version.dwMinorVersion) >= (6, 2)
}
