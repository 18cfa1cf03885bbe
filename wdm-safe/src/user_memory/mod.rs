//! Writing to memory that belongs to somebody else.
//!
//! The output buffer of a caller in user mode is the caller's own memory. The kernel has probed it,
//! but another thread of the caller can take it away or change it at any time, so it is never a
//! slice: [`UserWriter`] copies into it through a routine whose faults are errors (N8).

#[cfg(all(
    windows,
    feature = "kernel",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod guarded;

use core::ffi::c_void;
use core::marker::PhantomData;

use crate::{NtError, Result};

/// A place to write to, of a known size, for `'a`.
///
/// # Invariants
/// For `'a`, writing to `length` bytes at `start` through the guarded routine either does that or
/// is an error: they are the caller's memory, probed, or the kernel's own.
#[derive(Debug)]
pub struct UserWriter<'a> {
    start: *mut u8,
    length: usize,
    _memory: PhantomData<&'a mut u8>,
}

impl UserWriter<'_> {
    /// # Safety
    /// For the lifetime, `length` bytes at `start` are memory of the caller that the kernel has
    /// probed for writing, or the kernel's own that is writable; no reference to them is alive.
    #[must_use]
    pub unsafe fn new(start: *mut c_void, length: usize) -> Self {
        // INVARIANT: as the caller vouches.
        Self {
            start: start.cast(),
            length,
            _memory: PhantomData,
        }
    }

    /// The size, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there is no room at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Writes what fits of some bytes at an offset; the rest is left out.
    ///
    /// # Errors
    /// `STATUS_ACCESS_VIOLATION` if the memory is not there; some bytes may have been written.
    pub fn write_at(&mut self, offset: usize, bytes: &[u8]) -> Result<()> {
        let room = self.length.saturating_sub(offset);
        let bytes = bytes.get(..room).unwrap_or(bytes);
        if bytes.is_empty() {
            return Ok(());
        }
        if self.start.is_null() {
            return Err(NtError::ACCESS_VIOLATION);
        }
        // SAFETY: by the invariant, and since `offset + bytes.len() <= length`.
        unsafe { copy(self.start.wrapping_add(offset), bytes) }
    }
}

/// Copies bytes to a place that may fault.
///
/// # Safety
/// The bytes at `to` are within a [`UserWriter`]'s memory.
#[cfg(all(
    windows,
    feature = "kernel",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
unsafe fn copy(to: *mut u8, bytes: &[u8]) -> Result<()> {
    // SAFETY: as the caller vouches.
    unsafe { guarded::copy(to, bytes) }
}

/// Copies bytes to a place. In a build for the simulator the caller's memory is the process's own
/// and does not go away.
///
/// # Safety
/// The bytes at `to` are within a [`UserWriter`]'s memory.
#[cfg(not(all(
    windows,
    feature = "kernel",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
unsafe fn copy(to: *mut u8, bytes: &[u8]) -> Result<()> {
    // SAFETY: as the caller vouches; no reference to the place is alive, so `bytes` is elsewhere.
    unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    Ok(())
}
