//! Memory that belongs to somebody else.
//!
//! The output buffer of a caller in user mode is the caller's own memory. The kernel has probed it,
//! but another thread of the caller can take it away or change it at any time, so it is never a
//! slice: [`UserBuffer`] copies into it and out of it, through a routine whose faults are errors
//! (N8). IRQL: `<= APC_LEVEL`, since the memory is paged.
//!
//! Offsets and sizes are in bytes; numbers are in the machine's order.
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/accessing-user-space-memory>
//!
//! ```
//! use wdm_safe::NtError;
//! use wdm_safe::user_memory::UserBuffer;
//!
//! # let mut callers = [0_u8; 6];
//! # // SAFETY: six bytes that nothing else refers to.
//! # let mut buffer = unsafe { UserBuffer::new(callers.as_mut_ptr().cast(), callers.len()) };
//! fn answer(buffer: &mut UserBuffer<'_>) -> wdm_safe::Result<u32> {
//!     buffer.write_at(0, &7_u32.to_ne_bytes())?;
//!     buffer.read_u32_at(0) // another thread of the caller may have changed it
//! }
//!
//! assert_eq!(answer(&mut buffer), Ok(7));
//! assert_eq!(buffer.read_u32_at(4), Err(NtError::BUFFER_TOO_SMALL));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod guarded;

use core::ffi::c_void;
use core::marker::PhantomData;

use guarded::copy;

use crate::requestor::{self, PreviousMode};
use crate::{NtError, Result};

/// Where the addresses of user mode end (`MM_USER_PROBE_ADDRESS` of 64-bit Windows).
const USER_END: usize = 0x7FFF_FFFF_0000;

/// Memory of a caller, of a known size, for `'a`.
///
/// # Invariants
/// For `'a`, copying to and from `length` bytes at `start` through the guarded routine either does
/// that or is an error: they are the caller's memory, probed, or the kernel's own.
#[derive(Debug)]
pub struct UserBuffer<'a> {
    start: *mut u8,
    length: usize,
    _memory: PhantomData<&'a mut u8>,
}

impl<'a> UserBuffer<'a> {
    /// The memory of a caller, of a size in bytes.
    ///
    /// # Safety
    /// For the lifetime, `length` bytes at `start` are memory of the caller that the kernel has
    /// probed for reading and writing, or the kernel's own that is readable and writable; no
    /// reference to them is alive.
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

    /// The address: a number, for structures that lead into themselves.
    #[must_use]
    pub fn address(&self) -> usize {
        self.start.addr()
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
        unsafe { copy(self.start.wrapping_add(offset), bytes.as_ptr(), bytes.len()) }
    }

    /// Reads the bytes at an offset. What they say can be different at the next look.
    ///
    /// # Errors
    /// `STATUS_BUFFER_TOO_SMALL` if there are fewer, `STATUS_ACCESS_VIOLATION` if the memory is not
    /// there; some bytes may have been read.
    pub fn read_at(&self, offset: usize, into: &mut [u8]) -> Result<()> {
        let there = self.length.saturating_sub(offset);
        if there < into.len() {
            return Err(NtError::BUFFER_TOO_SMALL);
        }
        if into.is_empty() {
            return Ok(());
        }
        if self.start.is_null() {
            return Err(NtError::ACCESS_VIOLATION);
        }
        // SAFETY: by the invariant, and since `offset + into.len() <= length`.
        unsafe {
            copy(
                into.as_mut_ptr(),
                self.start.wrapping_add(offset),
                into.len(),
            )
        }
    }

    /// The 32-bit number at an offset.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    pub fn read_u32_at(&self, offset: usize) -> Result<u32> {
        let mut number = [0; 4];
        self.read_at(offset, &mut number)?;
        Ok(u32::from_ne_bytes(number))
    }

    /// The address at an offset.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    pub fn read_address_at(&self, offset: usize) -> Result<usize> {
        let mut address = [0; size_of::<usize>()];
        self.read_at(offset, &mut address)?;
        Ok(usize::from_ne_bytes(address))
    }

    /// Memory of the same caller at an address that it wrote down in this one. If this is memory of
    /// user mode, so must that be: what user mode writes down can be anything.
    ///
    /// # Errors
    /// `STATUS_ACCESS_VIOLATION` if an address that user mode wrote down leads out of user mode.
    ///
    /// # Safety
    /// If this is the kernel's own memory, `length` bytes at `address` are, too, for `'a`, and no
    /// reference to them is alive.
    pub unsafe fn follow(&self, address: usize, length: usize) -> Result<UserBuffer<'a>> {
        let end = address.checked_add(length);
        // Either sign will do: the kernel may have captured this memory, and what it leads to not.
        let of_user_mode =
            self.start.addr() < USER_END || requestor::previous_mode() == PreviousMode::User;
        if of_user_mode && end.is_none_or(|end| end > USER_END) {
            return Err(NtError::ACCESS_VIOLATION);
        }
        // INVARIANT: addresses of user mode are as good as probed, since the copy routine's faults
        // are errors; for the kernel's own the caller vouches.
        Ok(UserBuffer {
            start: core::ptr::with_exposed_provenance_mut(address),
            length,
            _memory: PhantomData,
        })
    }
}
