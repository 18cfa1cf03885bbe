//! The pool: memory that is poisoned when it is freed, and not given out again in the same
//! execution, so that whoever still uses it finds no value there and the model fails.

use std::alloc::{Layout, alloc, dealloc};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_void;

use wdm_sys as sys;

const ALIGNMENT: usize = 16;
const POISON: u8 = 0xDD;

#[derive(Default)]
struct Pool {
    /// By address.
    in_use: HashMap<usize, Layout>,
    freed: Vec<(usize, Layout)>,
}

std::thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// Memory for so many bytes.
pub(crate) fn allocate(size: usize) -> *mut u8 {
    let layout = Layout::from_size_align(size, ALIGNMENT).expect("a small size");
    assert_ne!(size, 0, "nobody asks for nothing");
    // SAFETY: the size is not zero.
    let memory = unsafe { alloc(layout) };
    POOL.with_borrow_mut(|pool| pool.in_use.insert(memory.addr(), layout));
    memory
}

/// Takes memory back.
pub(crate) fn free(memory: *mut u8) {
    let layout = POOL.with_borrow_mut(|pool| {
        let layout = pool.in_use.remove(&memory.addr());
        pool.freed
            .extend(layout.map(|layout| (memory.addr(), layout)));
        layout
    });
    let layout = layout.expect("memory is freed that is not in use");
    // SAFETY: memory of this size, which its owner gave back and which stays until the end.
    unsafe { memory.write_bytes(POISON, layout.size()) };
}

/// Ends an execution.
pub(crate) fn settle() {
    let pool = POOL.take();
    for (memory, layout) in pool.freed {
        let memory = std::ptr::with_exposed_provenance_mut(memory);
        // SAFETY: `allocate` got it with this layout, and the execution is over.
        unsafe { dealloc(memory, layout) };
    }
    assert!(pool.in_use.is_empty(), "memory was never freed");
}

#[unsafe(no_mangle)]
extern "system" fn ExAllocatePoolWithTag(
    _kind: sys::POOL_TYPE,
    size: sys::SIZE_T,
    _tag: sys::ULONG,
) -> *mut c_void {
    allocate(size as usize).cast()
}

#[unsafe(no_mangle)]
extern "system" fn ExFreePoolWithTag(memory: *mut c_void, _tag: sys::ULONG) {
    free(memory.cast());
}
