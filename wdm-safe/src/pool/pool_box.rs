//! One value in the pool.

use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use crate::pool::{self, PoolTag};
use crate::{NtError, Result};

/// A value in non-paged pool; dropping the box drops the value and frees the memory.
///
/// A type without a size takes no memory, and its box cannot fail. A type that asks for more than the
/// pool's alignment of 16 bytes does not compile. Whatever allocates or frees runs at
/// `IRQL <= DISPATCH_LEVEL` (`ExAllocatePoolWithTag`, `ExFreePoolWithTag`).
///
/// ```
/// # let machine = wdm_sim::Machine::builder().build()?;
/// # let process = machine.system_process(); let _thread = process.enter();
/// use wdm_safe::{PoolBox, PoolTag};
///
/// const TAG: PoolTag = PoolTag::new(*b"Demo");
///
/// let mut counts = match PoolBox::try_new_tagged([0_u64; 4], TAG) {
///     Ok(counts) => counts,
///     Err((error, _counts)) => return Err(error.into()), // the value comes back
/// };
/// counts[1] += 1;
/// assert_eq!(PoolBox::into_inner(counts), [0, 1, 0, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Invariants
/// `value` is aligned and points to a valid `T` that this box owns; unless `T` has no size, its
/// memory came from `pool::allocate`.
pub struct PoolBox<T> {
    value: NonNull<T>,
    _owns: PhantomData<T>,
}

// SAFETY: a PoolBox owns its value, as Box does; pool memory belongs to no thread.
unsafe impl<T: Send> Send for PoolBox<T> {}
// SAFETY: as above; `&PoolBox<T>` gives `&T` and nothing more.
unsafe impl<T: Sync> Sync for PoolBox<T> {}

impl<T> PoolBox<T> {
    /// Moves a value into the pool under the default tag. IRQL: `<= DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// As [`try_new_tagged`](Self::try_new_tagged), where the value comes back.
    pub fn try_new(value: T) -> Result<Self> {
        Self::try_new_tagged(value, PoolTag::DEFAULT).map_err(|(error, _)| error)
    }

    /// Moves a value into the pool. IRQL: `<= DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES` if the pool has no memory, and the value.
    pub fn try_new_tagged(value: T, tag: PoolTag) -> core::result::Result<Self, (NtError, T)> {
        const {
            assert!(
                pool::fits(Layout::new::<T>()),
                "the pool aligns to 16 bytes, no more"
            )
        };
        let place = if size_of::<T>() == 0 {
            NonNull::dangling()
        } else {
            match pool::allocate(Layout::new::<T>(), tag) {
                Ok(memory) => memory.cast::<T>(),
                Err(error) => return Err((error, value)),
            }
        };
        // SAFETY: aligned, and either fresh memory of T's size or a place for a T without size.
        unsafe { place.write(value) };
        // INVARIANT: the value was just written, and nobody else has the pointer.
        Ok(Self {
            value: place,
            _owns: PhantomData,
        })
    }

    /// Gives up ownership; [`from_raw`](Self::from_raw) takes it back. The value stays where it is.
    #[must_use]
    pub fn into_raw(this: Self) -> NonNull<T> {
        let value = this.value;
        core::mem::forget(this);
        value
    }

    /// Takes back what [`into_raw`](Self::into_raw) gave up.
    ///
    /// # Safety
    /// `value` came from [`into_raw`](Self::into_raw) of this type, once, and no reference to it is
    /// alive.
    #[must_use]
    pub unsafe fn from_raw(value: NonNull<T>) -> Self {
        // INVARIANT: the caller hands over what a box gave up.
        Self {
            value,
            _owns: PhantomData,
        }
    }

    /// The value, out of the pool, whose memory is freed.
    #[must_use]
    pub fn into_inner(this: Self) -> T {
        let place = Self::into_raw(this);
        // SAFETY: by the invariant a valid T, which is not used through `place` again.
        let value = unsafe { place.read() };
        // SAFETY: the value was moved out and the memory is this function's alone.
        unsafe { free::<T>(place) };
        value
    }
}

impl<T> PoolBox<MaybeUninit<T>> {
    /// Puts a value into memory that was allocated for it, which cannot fail.
    #[must_use]
    pub fn write(mut this: Self, value: T) -> PoolBox<T> {
        MaybeUninit::write(&mut this, value);
        let place = PoolBox::into_raw(this).cast::<T>();
        // INVARIANT: a valid T; its memory has the size and the alignment of a MaybeUninit<T>, which
        // are T's.
        PoolBox {
            value: place,
            _owns: PhantomData,
        }
    }
}

/// Frees the memory of a box, not the value in it.
///
/// # Safety
/// `place` is that of a box which is gone, and so is the value.
unsafe fn free<T>(place: NonNull<T>) {
    if size_of::<T>() != 0 {
        // SAFETY: by the invariant of PoolBox it came from `pool::allocate`.
        unsafe { pool::free(place.cast()) }
    }
}

impl<T> Drop for PoolBox<T> {
    fn drop(&mut self) {
        // SAFETY: by the invariant a valid T that this box owns.
        unsafe { self.value.drop_in_place() };
        // SAFETY: the box is going, the value has gone.
        unsafe { free(self.value) }
    }
}

impl<T> Deref for PoolBox<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: by the invariant valid, and borrowed through `self`.
        unsafe { self.value.as_ref() }
    }
}

impl<T> DerefMut for PoolBox<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: by the invariant valid, and borrowed mutably through `self`.
        unsafe { self.value.as_mut() }
    }
}

impl<T: fmt::Debug> fmt::Debug for PoolBox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
