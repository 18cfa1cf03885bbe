//! Memory of a request: what is the caller's, what is the system's, and the list that describes it.

use std::ptr::NonNull;

use super::mdl;

/// Bytes that a driver can change at any time; aligned to 16.
///
/// # Invariants
/// `start` is a boxed slice of `units`, touched through raw pointers only; or, with no units, memory of
/// the caller's own, which only drivers touch.
pub(super) struct Buffer {
    start: NonNull<u128>,
    units: usize,
    length: usize,
}

// SAFETY: it owns its memory, which no reference leads to; what the driver does with it is ordered by
// the request's completion.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// Memory of `length` bytes that begins with `data`, and goes on with the byte `fill`. `None` for
    /// no bytes.
    pub(super) fn new(data: &[u8], length: usize, fill: u8) -> Option<Self> {
        if length == 0 {
            return None;
        }
        let units = length.div_ceil(16);
        let boxed = vec![u128::from_ne_bytes([fill; 16]); units].into_boxed_slice();
        let start = NonNull::new(Box::into_raw(boxed).cast::<u128>())?;
        let data = &data[..data.len().min(length)];
        // SAFETY: the memory is new and has at least that many bytes.
        unsafe { data.as_ptr().copy_to(start.as_ptr().cast(), data.len()) };
        Some(Self {
            start,
            units,
            length,
        })
    }

    /// A copy of a caller's memory; `None` for no bytes.
    pub(super) fn of(data: &[u8]) -> Option<Self> {
        Self::new(data, data.len(), 0)
    }

    /// Memory of the caller's own, which need not be there; `None` for no bytes.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    pub(super) fn of_caller((address, length): (usize, usize)) -> Option<Self> {
        let start = NonNull::new(std::ptr::with_exposed_provenance_mut(address))?;
        (length > 0).then_some(Self {
            start,
            units: 0,
            length,
        })
    }

    /// Where it begins.
    pub(super) fn start(&self) -> *mut u8 {
        self.start.as_ptr().cast()
    }

    /// Copies its first bytes out, as many as there are on both sides.
    pub(super) fn copy_to(&self, out: &mut [u8]) {
        let length = out.len().min(self.length);
        // SAFETY: by the invariant there are that many bytes, and `out` is elsewhere.
        unsafe { self.start().copy_to(out.as_mut_ptr(), length) };
    }

    /// A memory descriptor list of the bytes: locked, and mapped to where they are, so that
    /// `MmGetSystemAddressForMdlSafe` gives that address.
    pub(super) fn describe(&self, for_writing: bool) -> Option<Self> {
        let write = if for_writing { mdl::WRITE_OPERATION } else { 0 };
        let flags = mdl::MAPPED_TO_SYSTEM_VA | mdl::PAGES_LOCKED | write;
        mdl::describe(self.start(), self.length, flags)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.units == 0 {
            return;
        }
        let slice = std::ptr::slice_from_raw_parts_mut(self.start.as_ptr(), self.units);
        // SAFETY: by the invariant.
        drop(unsafe { Box::from_raw(slice) });
    }
}
