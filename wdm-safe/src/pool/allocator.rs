//! The pool as Rust's global allocator, for drivers that use the `alloc` crate.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{self, NonNull};

use crate::pool::{self, PoolTag};

/// Non-paged pool as a [`GlobalAlloc`]. Kernel builds install it; drivers that want `alloc` use its
/// `try_` functions, since there is no other answer to a lack of memory than an error (P5). IRQL:
/// `<= DISPATCH_LEVEL`; the alignment is 16 bytes at most.
pub struct PoolAllocator;

// SAFETY: the pool gives distinct memory of the size and the alignment that were asked for, or
// null, and keeps it until it is freed.
unsafe impl GlobalAlloc for PoolAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        pool::allocate(layout, PoolTag::DEFAULT).map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, memory: *mut u8, _layout: Layout) {
        if let Some(memory) = NonNull::new(memory) {
            // SAFETY: the caller of dealloc vouches that `alloc` gave it and nobody uses it.
            unsafe { pool::free(memory) }
        }
    }
}
