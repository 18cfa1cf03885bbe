//! Mutexes.
//!
//! Page: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kereleasemutex> and its
//! neighbours.

use std::mem::offset_of;

use wdm_sys::BOOLEAN;

use super::dispatcher::{Header, kind, read_state};
use crate::exports::exports;
use crate::machine::{current, irql};
use crate::verifier::Rule;

/// `KMUTEX`.
#[repr(C)]
pub(super) struct Mutex {
    pub(super) header: Header,
    _waiters: [usize; 2],
    _list: [usize; 2],
    pub(super) owner: usize,
    _abandoned: u8,
    /// Whether its owner is in a critical region.
    pub(super) disables_apcs: u8,
}

const _: () = {
    assert!(offset_of!(Mutex, owner) == 0x28);
    assert!(offset_of!(Mutex, disables_apcs) == 0x31);
    assert!(size_of::<Mutex>() == 0x38);
};

exports! {
    /// Initialises a mutex, which nobody owns.
    [undeclared]
    fn KeInitializeMutex(mutex: *mut Mutex, _level: u32) {
        let new = Mutex {
            header: Header::new(kind::MUTANT, 1),
            _waiters: [0; 2],
            _list: [0; 2],
            owner: 0,
            _abandoned: 0,
            disables_apcs: 1,
        };
        // SAFETY: the caller gave memory for a mutex, which nobody uses yet.
        unsafe { mutex.write(new) };
    }

    /// Releases a mutex once; 0 if it is free now.
    [undeclared]
    fn KeReleaseMutex(mutex: *mut Mutex, _wait: BOOLEAN) -> i32 {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let locked = thread.kernel().dispatcher.lock(mutex.addr());
        // SAFETY: the caller gave an initialised mutex; the lock orders this with other accesses.
        let mutex = unsafe { &mut *mutex };
        if mutex.owner != thread.address() {
            drop(locked);
            let detail = "a mutex is released by a thread that does not own it";
            thread.finding(Rule::Lock, CALL, detail);
            return 1;
        }
        let before = mutex.header.state;
        mutex.header.state += 1;
        if mutex.header.state == 1 {
            mutex.owner = 0;
            locked.wake();
            if mutex.disables_apcs != 0 {
                thread.set_critical_regions(thread.critical_regions().saturating_sub(1));
            }
        }
        before
    }

    /// The state of a mutex: 1 if nobody owns it.
    [undeclared]
    fn KeReadStateMutex(mutex: *mut Mutex) -> i32 {
        // SAFETY: the caller gave an initialised mutex.
        unsafe { read_state(CALL, mutex.cast()) }
    }
}
