//! One block of pool memory.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use super::Tag;
use crate::machine::DriverId;

/// How many bytes behind a block are watched.
const GUARD: usize = 16;
/// What they hold.
const GUARD_BYTE: u8 = 0xFD;
/// What a freed block holds.
const FREED_BYTE: u8 = 0xDD;
const ALIGNMENT: usize = 16;
const PAGE: usize = 4096;

/// A block, live or freed. Dropping it gives its memory back.
///
/// # Invariants
/// `memory` is `layout` bytes from the global allocator, which holds `size` bytes for the driver and
/// `GUARD` behind them. Drivers write to it at any time, so it is touched through raw pointers only.
pub(super) struct Block {
    memory: NonNull<u8>,
    layout: Layout,
    size: usize,
    tag: Tag,
    owner: DriverId,
    serial: u64,
    /// On how many key objects it is a context whose cleanup notification has not come.
    pub(super) attached: u32,
    /// On how many it was one, whose cleanup notification has come.
    pub(super) detached: u32,
}

// SAFETY: the block owns its memory; drivers that use it from several threads synchronise.
unsafe impl Send for Block {}

impl Block {
    /// Zeroed memory; `None` if the host has none.
    pub(super) fn new(size: usize, tag: Tag, owner: DriverId, serial: u64) -> Option<Self> {
        let alignment = if size >= PAGE { PAGE } else { ALIGNMENT };
        let layout = Layout::from_size_align(size.checked_add(GUARD)?, alignment).ok()?;
        // SAFETY: the layout's size is at least `GUARD`, so not zero.
        let memory = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        let block = Self {
            memory,
            layout,
            size,
            tag,
            owner,
            serial,
            attached: 0,
            detached: 0,
        };
        // SAFETY: the `GUARD` bytes behind the first `size` are the block's own, see `layout`.
        unsafe { block.byte(size).write_bytes(GUARD_BYTE, GUARD) };
        Some(block)
    }

    pub(super) fn address(&self) -> usize {
        self.memory.as_ptr().expose_provenance()
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn tag(&self) -> Tag {
        self.tag
    }

    pub(super) fn owner(&self) -> DriverId {
        self.owner
    }

    pub(super) fn serial(&self) -> u64 {
        self.serial
    }

    /// Whether it is, or was, a key object's context.
    pub(super) fn is_context(&self) -> bool {
        self.attached + self.detached > 0
    }

    /// Whether an address lies in the block, guard included.
    pub(super) fn contains(&self, address: usize) -> bool {
        address.wrapping_sub(self.address()) < self.layout.size()
    }

    /// Whether something was written behind the block's end.
    pub(super) fn overrun(&self) -> bool {
        !self.holds(self.size, GUARD, GUARD_BYTE)
    }

    /// Fills the block with the pattern of freed memory.
    pub(super) fn poison(&mut self) {
        // SAFETY: the first `size` bytes are the block's own, and the driver has given them back.
        unsafe { self.byte(0).write_bytes(FREED_BYTE, self.size) };
    }

    /// Whether something was written into the block since [`poison`](Self::poison).
    pub(super) fn written(&self) -> bool {
        !self.holds(0, self.size, FREED_BYTE)
    }

    fn byte(&self, offset: usize) -> *mut u8 {
        self.memory.as_ptr().wrapping_add(offset)
    }

    fn holds(&self, from: usize, count: usize, value: u8) -> bool {
        (from..from + count).all(|offset| {
            // SAFETY: the callers' ranges lie in the block.
            value == unsafe { self.byte(offset).read_volatile() }
        })
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: by the invariant; the block is in no map any more, so this happens once.
        unsafe { dealloc(self.memory.as_ptr(), self.layout) };
    }
}
