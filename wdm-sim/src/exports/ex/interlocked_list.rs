//! Lists that a spin lock of the driver's guards.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exinterlockedinserttaillist>
//! and its neighbours. They may be called at any level. The lock guards nothing else: who takes it with
//! other routines may not use these.

use std::ptr::null_mut;

use wdm_sys::KSPIN_LOCK;

use crate::exports::exports;
use crate::machine::current;

/// `LIST_ENTRY`.
#[repr(C)]
pub(super) struct Entry {
    next: *mut Entry,
    previous: *mut Entry,
}

/// `SINGLE_LIST_ENTRY`.
#[repr(C)]
pub(super) struct SingleEntry {
    next: *mut SingleEntry,
}

exports! {
    /// Puts an entry in front; gives the one that was, NULL if the list was empty.
    [undeclared]
    fn ExInterlockedInsertHeadList(
        head: *mut Entry,
        entry: *mut Entry,
        lock: *mut KSPIN_LOCK,
    ) -> *mut Entry {
        let thread = current(CALL);
        let _locked = thread.kernel().dispatcher.lock(lock.addr());
        // SAFETY: the caller gave a list; the lock orders this with the other routines here.
        let first = unsafe { (*head).next };
        // SAFETY: as above, and an entry that is in no list.
        unsafe { link(head, entry, first) };
        if first == head { null_mut() } else { first }
    }

    /// Puts an entry at the end; gives the one that was, NULL if the list was empty.
    [undeclared]
    fn ExInterlockedInsertTailList(
        head: *mut Entry,
        entry: *mut Entry,
        lock: *mut KSPIN_LOCK,
    ) -> *mut Entry {
        let thread = current(CALL);
        let _locked = thread.kernel().dispatcher.lock(lock.addr());
        // SAFETY: as above.
        let last = unsafe { (*head).previous };
        // SAFETY: as above.
        unsafe { link(last, entry, head) };
        if last == head { null_mut() } else { last }
    }

    /// Takes the entry in front away; NULL if the list is empty.
    [undeclared]
    fn ExInterlockedRemoveHeadList(head: *mut Entry, lock: *mut KSPIN_LOCK) -> *mut Entry {
        let thread = current(CALL);
        let _locked = thread.kernel().dispatcher.lock(lock.addr());
        // SAFETY: as above.
        let first = unsafe { (*head).next };
        if first == head {
            return null_mut();
        }
        // SAFETY: as above; it is an entry of the list.
        let second = unsafe { (*first).next };
        // SAFETY: as above.
        unsafe { (*head).next = second };
        // SAFETY: as above.
        unsafe { (*second).previous = head };
        first
    }

    /// Puts an entry in front of a singly linked list; gives the one that was.
    [undeclared]
    fn ExInterlockedPushEntryList(
        head: *mut SingleEntry,
        entry: *mut SingleEntry,
        lock: *mut KSPIN_LOCK,
    ) -> *mut SingleEntry {
        let thread = current(CALL);
        let _locked = thread.kernel().dispatcher.lock(lock.addr());
        // SAFETY: as above.
        let first = unsafe { (*head).next };
        // SAFETY: as above, and an entry that is in no list.
        unsafe { (*entry).next = first };
        // SAFETY: as above.
        unsafe { (*head).next = entry };
        first
    }

    /// Takes the entry in front of a singly linked list away; NULL if it is empty.
    [undeclared]
    fn ExInterlockedPopEntryList(
        head: *mut SingleEntry,
        lock: *mut KSPIN_LOCK,
    ) -> *mut SingleEntry {
        let thread = current(CALL);
        let _locked = thread.kernel().dispatcher.lock(lock.addr());
        // SAFETY: as above.
        let first = unsafe { (*head).next };
        if !first.is_null() {
            // SAFETY: as above; it is an entry of the list.
            let second = unsafe { (*first).next };
            // SAFETY: as above.
            unsafe { (*head).next = second };
        }
        first
    }
}

/// Puts an entry between two neighbours.
///
/// # Safety
/// All three are entries, and nobody else uses the list.
unsafe fn link(before: *mut Entry, entry: *mut Entry, after: *mut Entry) {
    let new = Entry {
        next: after,
        previous: before,
    };
    // SAFETY: by this function's contract.
    unsafe { entry.write(new) };
    // SAFETY: as above.
    unsafe { (*before).next = entry };
    // SAFETY: as above.
    unsafe { (*after).previous = entry };
}
