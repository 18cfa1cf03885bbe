//! How keys are told apart and called: the routines for it differ between versions of Windows.
//!
//! Windows 8 brought `CmCallbackGetKeyObjectIDEx`, which gives the name as it is now, as a copy to be
//! released. A driver that imported it would not load on older systems, so it is looked up (P7 in
//! `docs/architecture.md`); they have `CmCallbackGetKeyObjectID`, whose string belongs to the key
//! object, is there until its close is announced, and can be stale after a rename (K4).

use core::ffi::c_void;
use core::mem::transmute;
use core::ptr::NonNull;

use wdm_safe::{NtStatus, Passive, system_routine, unicode};
use wdm_sys as sys;

use super::cookie::CookieError;
use super::key::{Key, Usable};
use crate::RegistryCallback;

/// `CmCallbackGetKeyObjectIDEx`.
type GetEx = unsafe extern "system" fn(
    *mut sys::LARGE_INTEGER,
    *mut c_void,
    *mut u64,
    *mut sys::PCUNICODE_STRING,
    u32,
) -> sys::NTSTATUS;

/// `CmCallbackReleaseKeyObjectIDEx`.
pub(super) type Release = unsafe extern "system" fn(sys::PCUNICODE_STRING);

/// The routines of this Windows.
///
/// # Invariants
/// What is there are the kernel's routines of those names.
#[derive(Clone, Copy, Default)]
pub(super) struct Names(Option<(GetEx, Release)>);

impl Names {
    /// Looks the routines up.
    pub(super) fn of_this_windows(at: Passive<'_>) -> Self {
        let get = system_routine(unicode!("CmCallbackGetKeyObjectIDEx"), at);
        let release = system_routine(unicode!("CmCallbackReleaseKeyObjectIDEx"), at);
        // INVARIANT: looked up by name.
        Self(get.zip(release).map(|(get, release)| {
            // SAFETY: the routine's type, by its page.
            let get = unsafe { transmute::<NonNull<c_void>, GetEx>(get) };
            // SAFETY: as above.
            let release = unsafe { transmute::<NonNull<c_void>, Release>(release) };
            (get, release)
        }))
    }

    /// Whether this is Windows 8 or later, which captures the inputs of user mode (N8).
    pub(super) fn are_of_windows_8(self) -> bool {
        self.0.is_some()
    }

    /// What releases a name, if it has to be released.
    pub(super) fn release(self) -> Option<Release> {
        self.0.map(|(_, release)| release)
    }

    /// Asks for id and name of a key; either may be null.
    ///
    /// # Errors
    /// What the kernel answers. `STATUS_NOT_SUPPORTED` before Windows 8 for a key that is closing,
    /// whose name may be gone.
    ///
    /// # Safety
    /// The cookie is that of a registration of a `C`, whose notification is under way; the pointers
    /// are null or valid for writes.
    pub(super) unsafe fn ask<C: RegistryCallback, S: Usable>(
        self,
        mut cookie: sys::LARGE_INTEGER,
        key: Key<'_, C, S>,
        id: *mut u64,
        name: *mut sys::PCUNICODE_STRING,
    ) -> Result<(), CookieError> {
        let status = match self.0 {
            // SAFETY: the object is one that the registry takes in this stage (K3), flags are
            // reserved (K4), and for the rest the caller vouches.
            Some((get, _)) => unsafe { get(&mut cookie, key.object(), id, name, 0) },
            None if !S::HAS_HANDLES => sys::STATUS_NOT_SUPPORTED,
            // SAFETY: as above.
            None => unsafe { sys::CmCallbackGetKeyObjectID(&mut cookie, key.object(), id, name) },
        };
        Ok(NtStatus::from_raw(status).to_result()?)
    }
}
