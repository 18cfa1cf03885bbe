//! Dispatcher objects in drivers' memory: what all begin with, and what waiting for one is like.

use super::mutex::Mutex;
use crate::machine::{Thread, current};

/// Types of dispatcher objects in drivers' memory, as their first byte has them.
pub(super) mod kind {
    pub(in super::super) const SYNCHRONIZATION_EVENT: u8 = 1;
    pub(in super::super) const MUTANT: u8 = 2;
    pub(in super::super) const SEMAPHORE: u8 = 5;
    pub(in super::super) const SYNCHRONIZATION_TIMER: u8 = 9;
}

/// What all dispatcher objects begin with (`DISPATCHER_HEADER`); a list of waiters follows, which is not
/// used here.
#[repr(C)]
pub(super) struct Header {
    pub(super) kind: u8,
    _reserved: [u8; 3],
    /// Greater than zero if signalled.
    pub(super) state: i32,
}

impl Header {
    pub(super) fn new(kind: u8, state: i32) -> Self {
        Self {
            kind,
            _reserved: [0; 3],
            state,
        }
    }
}

/// Whether a wait of this thread for an object in a driver's memory is over.
///
/// # Safety
/// `header` leads to an initialised object, and its lock is held.
pub(super) unsafe fn is_ready(header: *mut Header, thread: &Thread) -> bool {
    // SAFETY: by this function's contract.
    let Header { kind, state, .. } = unsafe { header.read() };
    let owns = || {
        // SAFETY: as above; it is a mutex.
        unsafe { (*header.cast::<Mutex>()).owner == thread.address() }
    };
    state > 0 || kind == kind::MUTANT && owns()
}

/// Does what the end of a wait does to an object: some are reset, a mutex has an owner now.
///
/// # Safety
/// As for [`is_ready`], and it is ready.
pub(super) unsafe fn take(header: *mut Header, thread: &Thread) {
    // SAFETY: by this function's contract.
    let object = unsafe { &mut *header };
    match object.kind {
        kind::SYNCHRONIZATION_EVENT | kind::SYNCHRONIZATION_TIMER => object.state = 0,
        kind::SEMAPHORE => object.state -= 1,
        kind::MUTANT => {
            // SAFETY: as above; it is a mutex.
            let mutex = unsafe { &mut *header.cast::<Mutex>() };
            mutex.header.state -= 1;
            if mutex.owner == 0 && mutex.disables_apcs != 0 {
                thread.set_critical_regions(thread.critical_regions() + 1);
            }
            mutex.owner = thread.address();
        }
        _ => {}
    }
}

/// The state of an object.
///
/// # Safety
/// `header` leads to an initialised object.
pub(super) unsafe fn read_state(call: &'static str, header: *mut Header) -> i32 {
    let thread = current(call);
    let _locked = thread.kernel().dispatcher.lock(header.addr());
    // SAFETY: by this function's contract; the lock orders this with its changes.
    unsafe { (*header).state }
}
