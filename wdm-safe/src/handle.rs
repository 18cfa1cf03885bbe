//! A kernel handle that closes itself.

use core::ptr::NonNull;

use wdm_sys as sys;

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
    /// IRQL: `PASSIVE_LEVEL`.
    fn drop(&mut self) {
        // SAFETY: by the invariant open and ours. A failure would mean that it is not; nothing
        // could be done about it here.
        let _ = unsafe { sys::ZwClose(self.raw()) };
    }
}
