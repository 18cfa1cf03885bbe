//! A kernel handle that closes itself.

use core::ptr::NonNull;

use wdm_sys as sys;

use crate::ApcLevel;

/// A handle of the kernel's own table (`OBJ_KERNEL_HANDLE`), so it is good in every process.
///
/// # Invariants
/// The handle is open and this value's alone.
#[derive(Debug)]
pub(crate) struct Handle(NonNull<core::ffi::c_void>);

// SAFETY: a kernel handle belongs to no thread and to no process.
unsafe impl Send for Handle {}
// SAFETY: as above; kernel routines take the same handle on several threads.
unsafe impl Sync for Handle {}

impl Handle {
    /// Takes a handle over; none if it is null.
    ///
    /// # Safety
    /// It is null, or an open kernel handle that nobody else closes.
    pub(crate) unsafe fn from_raw(raw: sys::HANDLE) -> Option<Self> {
        // INVARIANT: the caller hands it over.
        NonNull::new(raw).map(Self)
    }

    pub(crate) fn raw(&self) -> sys::HANDLE {
        self.0.as_ptr()
    }
}

impl Drop for Handle {
    /// `ZwClose` is for `PASSIVE_LEVEL`. Above it the handle stays open, and a message says so: a
    /// value that holds a key can be dropped in a registry callback, at `APC_LEVEL`.
    fn drop(&mut self) {
        // SAFETY: code of these crates runs at APC_LEVEL or below, and here it is only asked.
        let at = unsafe { ApcLevel::new_unchecked() };
        if at.passive().is_none() {
            crate::warn!("a handle that was dropped above PASSIVE_LEVEL stays open");
            return;
        }
        // SAFETY: by the invariant open and ours; PASSIVE_LEVEL as asked above. A failure would
        // mean that it is not ours; nothing could be done about it here.
        let _ = unsafe { sys::ZwClose(self.raw()) };
    }
}
