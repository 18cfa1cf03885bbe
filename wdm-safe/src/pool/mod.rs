//! Fallible pool memory: [`PoolBox`], [`PoolVec`], and the tags that a debugger shows them under.
//!
//! Memory is non-paged and, from Windows 8 on, not executable (`NonPagedPoolNx`), so what it holds
//! may be touched and dropped at any level that these crates' code runs at. The pages:
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exallocatepoolwithtag>
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exallocatepool2>
//! - <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exfreepoolwithtag>

mod allocator;
#[cfg(not(feature = "pool2"))]
pub(crate) mod kind;
mod pool_box;
mod pool_vec;

use core::alloc::Layout;
use core::ptr::NonNull;

use wdm_sys as sys;

use crate::{NtError, Result};

pub use allocator::PoolAllocator;
pub use pool_box::PoolBox;
pub use pool_vec::PoolVec;

/// The four characters under which an allocation is accounted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolTag(u32);

impl PoolTag {
    /// What these crates use when nothing else is asked for.
    pub const DEFAULT: Self = Self(u32::from_le_bytes(*b"WdmR"));

    /// The tag with these characters, in the order in which tools show them. They are ASCII; the
    /// highest bit of the last one, by which the pool would ask for the tag again when memory is
    /// freed, is left out. The pool takes no tag that is zero: that of four NULs is the default one.
    #[must_use]
    pub const fn new(name: [u8; 4]) -> Self {
        match u32::from_le_bytes(name) & 0x7FFF_FFFF {
            0 => Self::DEFAULT,
            tag => Self(tag),
        }
    }
}

/// What the pool aligns every allocation to, in bytes (64-bit Windows).
const POOL_ALIGNMENT: usize = 16;

/// Whether the pool can hold a value of this layout.
const fn fits(layout: Layout) -> bool {
    layout.align() <= POOL_ALIGNMENT
}

/// Memory for one value of this layout, whose size is not zero. IRQL: `<= DISPATCH_LEVEL`.
///
/// # Errors
/// `STATUS_INSUFFICIENT_RESOURCES` if the pool has none; `STATUS_NOT_SUPPORTED` if the layout asks
/// for more than the pool's alignment of 16 bytes.
fn allocate(layout: Layout, tag: PoolTag) -> Result<NonNull<u8>> {
    if !fits(layout) {
        return Err(NtError::NOT_SUPPORTED);
    }
    #[cfg(not(feature = "pool2"))]
    // SAFETY: any size, and any tag that is not zero, are valid arguments; code of these crates runs at or below
    // DISPATCH_LEVEL.
    let memory =
        unsafe { sys::ExAllocatePoolWithTag(kind::non_paged(), layout.size() as u64, tag.0) };
    #[cfg(feature = "pool2")]
    // SAFETY: as above. The memory is written before it is read, so it need not be zeroed.
    let memory = unsafe {
        let flags = sys::POOL_FLAG_NON_PAGED | sys::POOL_FLAG_UNINITIALIZED;
        sys::ExAllocatePool2(flags, layout.size() as u64, tag.0)
    };
    NonNull::new(memory.cast()).ok_or(NtError::INSUFFICIENT_RESOURCES)
}

/// Gives memory back. IRQL: `<= DISPATCH_LEVEL`.
///
/// # Safety
/// `memory` came from [`allocate`] and is not used any more.
unsafe fn free(memory: NonNull<u8>) {
    // SAFETY: the caller vouches for the pointer; tag 0 means "whatever it was allocated under".
    unsafe { sys::ExFreePoolWithTag(memory.as_ptr().cast(), 0) }
}
