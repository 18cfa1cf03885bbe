//! A sequence in the pool.

use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use crate::pool::{self, PoolTag};
use crate::{NtError, Result};

/// A growable sequence in non-paged pool; everything that can need memory returns a [`Result`].
/// Lengths and capacities are in elements. Whatever allocates or frees runs at
/// `IRQL <= DISPATCH_LEVEL` (`ExAllocatePoolWithTag`, `ExFreePoolWithTag`).
///
/// ```
/// # let machine = wdm_sim::Machine::builder().build()?;
/// # let process = machine.system_process(); let _thread = process.enter();
/// use wdm_safe::PoolVec;
///
/// let mut numbers = PoolVec::new();
/// numbers.try_push(1)?;
/// numbers.try_extend_from_slice(&[2, 3])?;
/// assert_eq!(numbers.iter().sum::<u32>(), 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Invariants
/// The first `len` elements are valid and owned; `capacity` elements fit at `start`, which came
/// from `pool::allocate` unless `capacity` is zero or `T` has no size.
pub struct PoolVec<T> {
    start: NonNull<T>,
    len: usize,
    capacity: usize,
    _owns: PhantomData<T>,
}

// SAFETY: a PoolVec owns its elements, as Vec does.
unsafe impl<T: Send> Send for PoolVec<T> {}
// SAFETY: as above; `&PoolVec<T>` gives `&[T]` and nothing more.
unsafe impl<T: Sync> Sync for PoolVec<T> {}

impl<T> PoolVec<T> {
    /// An empty sequence; allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        // INVARIANT: no element; nothing allocated. A type without a size never needs memory.
        let capacity = if size_of::<T>() == 0 { usize::MAX } else { 0 };
        Self {
            start: NonNull::dangling(),
            len: 0,
            capacity,
            _owns: PhantomData,
        }
    }

    /// Makes room for `additional` elements more. IRQL: `<= DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if the pool has no memory or the size overflows; nothing
    /// has changed then.
    pub fn try_reserve(&mut self, additional: usize) -> Result<()> {
        const {
            assert!(
                pool::fits(Layout::new::<T>()),
                "the pool aligns to 16 bytes, no more"
            )
        };
        let needed = self
            .len
            .checked_add(additional)
            .ok_or(NtError::INSUFFICIENT_RESOURCES)?;
        if needed <= self.capacity {
            return Ok(());
        }
        let capacity = needed.max(self.capacity.saturating_mul(2)).max(4);
        let layout = Layout::array::<T>(capacity).map_err(|_| NtError::INSUFFICIENT_RESOURCES)?;
        let start = pool::allocate(layout, PoolTag::DEFAULT)?.cast::<T>();
        // SAFETY: `len` valid elements at the old place, room for more than that at the new one,
        // which is fresh and so does not overlap.
        unsafe { start.copy_from_nonoverlapping(self.start, self.len) };
        self.free_memory();
        // INVARIANT: the elements have moved to the new place, which has room for `capacity`.
        self.start = start;
        self.capacity = capacity;
        Ok(())
    }

    /// Appends an element. IRQL: `<= DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if the pool has no memory; the element is dropped.
    pub fn try_push(&mut self, value: T) -> Result<()> {
        self.try_reserve(1)?;
        // SAFETY: `len < capacity` after reserving.
        let place = unsafe { self.start.add(self.len) };
        // SAFETY: within the allocation, and not yet an element.
        unsafe { place.write(value) };
        // INVARIANT: one more valid element.
        self.len += 1;
        Ok(())
    }

    /// Appends copies of elements. IRQL: `<= DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if the pool has no memory; nothing is appended then.
    pub fn try_extend_from_slice(&mut self, values: &[T]) -> Result<()>
    where
        T: Copy,
    {
        self.try_reserve(values.len())?;
        // SAFETY: `len + values.len() <= capacity` after reserving.
        let place = unsafe { self.start.add(self.len) };
        // SAFETY: room for that many; `values` is borrowed, so it is not in this allocation's
        // free part.
        unsafe {
            place
                .as_ptr()
                .copy_from_nonoverlapping(values.as_ptr(), values.len())
        };
        // INVARIANT: that many valid elements more.
        self.len += values.len();
        Ok(())
    }

    /// Shortens the sequence to `len` elements; longer ones are left as they are.
    pub fn truncate(&mut self, len: usize) {
        while self.len > len {
            // INVARIANT: the element stops being one before it is dropped.
            self.len -= 1;
            // SAFETY: the index is below the old length.
            let last = unsafe { self.start.add(self.len) };
            // SAFETY: a valid element until now, and never read again.
            unsafe { last.drop_in_place() };
        }
    }

    fn free_memory(&mut self) {
        if self.capacity != 0 && size_of::<T>() != 0 {
            // SAFETY: by the invariant it came from `pool::allocate`; every caller replaces or
            // gives up `start` afterwards.
            unsafe { pool::free(self.start.cast()) }
        }
    }
}

impl PoolVec<u8> {
    /// `len` zero bytes. IRQL: `<= DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if the pool has no memory.
    pub fn try_zeroed(len: usize) -> Result<Self> {
        let mut bytes = Self::new();
        bytes.try_reserve(len)?;
        // SAFETY: room for `len` bytes was just reserved.
        unsafe { bytes.start.write_bytes(0, len) };
        // INVARIANT: that many bytes were just written.
        bytes.len = len;
        Ok(bytes)
    }
}

impl<T> Default for PoolVec<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for PoolVec<T> {
    fn drop(&mut self) {
        self.truncate(0);
        self.free_memory();
    }
}

impl<T> Deref for PoolVec<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: by the invariant `len` valid elements, borrowed through `self`.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T> DerefMut for PoolVec<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: by the invariant `len` valid elements, borrowed mutably through `self`.
        unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl<T: fmt::Debug> fmt::Debug for PoolVec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
