//! Interlocked lists.

use std::ptr::null_mut;

use crate::support::{in_kernel, machine};

#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub(crate) struct Words([*mut Words; 2]);

unsafe extern "system" {
    fn InitializeSListHead(list: *mut Words);
    pub(crate) fn ExQueryDepthSList(list: *mut Words) -> u16;
    pub(crate) fn ExpInterlockedPushEntrySList(list: *mut Words, entry: *mut Words) -> *mut Words;
    pub(crate) fn ExpInterlockedPopEntrySList(list: *mut Words) -> *mut Words;
    pub(crate) fn ExpInterlockedFlushSList(list: *mut Words) -> *mut Words;
}

#[test]
fn the_last_entry_comes_first() {
    let machine = machine();
    in_kernel(&machine, || {
        let mut list = Words([null_mut(); 2]);
        let mut entries = [Words([null_mut(); 2]); 3];
        let list = &raw mut list;
        let entries = entries.as_mut_ptr();
        let [a, b, c] = [0, 1, 2].map(|at| entries.wrapping_add(at));
        // SAFETY: the list and its entries live in this function.
        unsafe { InitializeSListHead(list) };
        for (entry, before) in [(a, null_mut()), (b, a), (c, b)] {
            // SAFETY: as above.
            assert_eq!(unsafe { ExpInterlockedPushEntrySList(list, entry) }, before);
        }
        // SAFETY: as above.
        assert_eq!(unsafe { ExpInterlockedPopEntrySList(list) }, c);
        // SAFETY: as above.
        assert_eq!(unsafe { ExQueryDepthSList(list) }, 2);
        // SAFETY: as above.
        assert_eq!(unsafe { ExpInterlockedFlushSList(list) }, b);
        // SAFETY: as above.
        assert!(unsafe { ExpInterlockedPopEntrySList(list) }.is_null());
    });
}
