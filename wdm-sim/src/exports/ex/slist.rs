//! Singly linked lists that are interlocked, which the lookaside lists of `wdm.h` use.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exinterlockedpopentryslist>
//! and its neighbours. The header is the 64-bit one: the depth in the lowest 16 bits of the first
//! word, the first entry, aligned to 16 bytes, in the second.

use std::ptr::null_mut;

use crate::exports::exports;
use crate::machine::{Thread, current};

/// `SLIST_HEADER`.
#[repr(C, align(16))]
pub(super) struct Header {
    depth: u64,
    first: *mut Entry,
}

/// `SLIST_ENTRY`.
#[repr(C, align(16))]
pub(super) struct Entry {
    next: *mut Entry,
}

impl Header {
    /// A list without entries.
    pub(super) const EMPTY: Self = Self {
        depth: 0,
        first: null_mut(),
    };
}

exports! {
    /// Empties a list.
    [undeclared]
    fn InitializeSListHead(list: *mut Header) {
        // SAFETY: the caller gave memory for a list.
        unsafe { list.write(Header::EMPTY) };
    }

    /// The number of entries.
    [undeclared]
    fn ExQueryDepthSList(list: *mut Header) -> u16 {
        let thread = current(CALL);
        let _locked = thread.kernel().dispatcher.lock(list.addr());
        // SAFETY: the caller gave a list; the lock orders this with the other routines here.
        unsafe { (*list).depth as u16 }
    }

    /// Puts an entry in front; gives the one that was.
    [undeclared]
    fn ExpInterlockedPushEntrySList(list: *mut Header, entry: *mut Entry) -> *mut Entry {
        let thread = current(CALL);
        let _locked = thread.kernel().dispatcher.lock(list.addr());
        // SAFETY: the caller gave a list; the lock orders this with the other routines here.
        let list = unsafe { &mut *list };
        let before = list.first;
        // SAFETY: the caller gave an entry that is in no list.
        unsafe { (*entry).next = before };
        list.first = entry;
        list.depth += 1;
        before
    }

    /// Takes the entry in front away; NULL if the list is empty.
    [undeclared]
    fn ExpInterlockedPopEntrySList(list: *mut Header) -> *mut Entry {
        // SAFETY: the caller gave a list.
        unsafe { pop(&current(CALL), list) }
    }

    /// Takes all entries away; gives the one that was in front.
    [undeclared]
    fn ExpInterlockedFlushSList(list: *mut Header) -> *mut Entry {
        let thread = current(CALL);
        let _locked = thread.kernel().dispatcher.lock(list.addr());
        // SAFETY: the caller gave a list; the lock orders this with the other routines here.
        let list = unsafe { &mut *list };
        list.depth = 0;
        std::mem::replace(&mut list.first, null_mut())
    }
}

/// Takes the entry in front of a list away; NULL if the list is empty.
///
/// # Safety
/// `list` leads to a list, which only the routines here change meanwhile.
pub(super) unsafe fn pop(thread: &Thread, list: *mut Header) -> *mut Entry {
    let _locked = thread.kernel().dispatcher.lock(list.addr());
    // SAFETY: by this function's contract; the lock orders this with the other routines here.
    let list = unsafe { &mut *list };
    let first = list.first;
    if !first.is_null() {
        // SAFETY: what is in the list is a valid entry.
        list.first = unsafe { (*first).next };
        list.depth -= 1;
    }
    first
}
