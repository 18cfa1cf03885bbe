//! Fast mutexes.
//!
//! Page: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exacquirefastmutex>.

use std::ptr::{null_mut, with_exposed_provenance_mut};

use wdm_sys::{BOOLEAN, PFAST_MUTEX};

use super::resource::require_no_apcs;
use crate::cm::lock_order::waits_forever;
use crate::exports::exports;
use crate::machine::{Thread, current, irql};
use crate::verifier::Rule;

exports! {
    /// Takes a fast mutex, waiting for it, and raises the level to APC_LEVEL.
    fn ExAcquireFastMutex(mutex: PFAST_MUTEX) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        let before = thread.set_irql(irql::APC_LEVEL);
        // SAFETY: the caller gave an initialised mutex.
        if unsafe { acquire(&thread, CALL, mutex, true) } {
            // SAFETY: as above; this thread owns the mutex now.
            unsafe { (*mutex).OldIrql = u32::from(before) };
        } else {
            thread.set_irql(before);
        }
    }

    /// Takes a fast mutex if it is free: 1 if it was, else 0.
    [undeclared]
    fn ExTryToAcquireFastMutex(mutex: PFAST_MUTEX) -> BOOLEAN {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        let before = thread.set_irql(irql::APC_LEVEL);
        // SAFETY: the caller gave an initialised mutex.
        if unsafe { acquire(&thread, CALL, mutex, false) } {
            // SAFETY: as above; this thread owns the mutex now.
            unsafe { (*mutex).OldIrql = u32::from(before) };
            1
        } else {
            thread.set_irql(before);
            0
        }
    }

    /// Releases a fast mutex and restores the level.
    fn ExReleaseFastMutex(mutex: PFAST_MUTEX) {
        let thread = current(CALL);
        // SAFETY: the caller gave an initialised mutex, whose owner it is.
        let before = unsafe { (*mutex).OldIrql } as u8;
        // SAFETY: as above.
        if unsafe { release(&thread, CALL, mutex) } {
            thread.set_irql(before);
        }
    }

    /// Takes a fast mutex without changing the level; the caller has entered a critical region.
    [undeclared]
    fn ExAcquireFastMutexUnsafe(mutex: PFAST_MUTEX) {
        let thread = current(CALL);
        require_no_apcs(&thread, CALL);
        // SAFETY: the caller gave an initialised mutex.
        unsafe { acquire(&thread, CALL, mutex, true) };
    }

    /// Releases a fast mutex without changing the level.
    [undeclared]
    fn ExReleaseFastMutexUnsafe(mutex: PFAST_MUTEX) {
        let thread = current(CALL);
        // SAFETY: the caller gave an initialised mutex, whose owner it is.
        unsafe { release(&thread, CALL, mutex) };
    }
}

/// Takes a fast mutex; says whether this thread has it now.
///
/// # Safety
/// `mutex` leads to an initialised mutex that lives until it is released.
pub(in crate::exports) unsafe fn acquire(
    thread: &Thread,
    call: &'static str,
    mutex: PFAST_MUTEX,
    wait: bool,
) -> bool {
    let me = thread.address();
    let dispatcher = &thread.kernel().dispatcher;
    // SAFETY: by this function's contract; the lock orders this with the other routines here.
    let owner = || unsafe { (*mutex).Owner }.addr();
    let has_it = |thread| {
        let _locked = dispatcher.lock(mutex.addr());
        owner() == thread
    };
    if wait && waits_forever(thread, mutex.addr(), has_it) {
        return false;
    }
    let locked = dispatcher.lock(mutex.addr());
    // SAFETY: as above. 1 is free, 0 and less is taken.
    let count = || unsafe { (*mutex).Count };
    if count() < 1 && owner() == me {
        let detail = "a fast mutex is taken a second time by its owner, which deadlocks on NT";
        drop(locked);
        thread.finding(Rule::Lock, call, detail);
        return false;
    }
    if count() < 1 && !wait {
        return false;
    }
    let _locked = locked.wait_until(None, || count() >= 1);
    // SAFETY: as above.
    unsafe { (*mutex).Count = 0 };
    // SAFETY: as above.
    unsafe { (*mutex).Owner = with_exposed_provenance_mut(me) };
    thread.set_has_fast_mutex(mutex.addr(), true);
    true
}

/// Releases a fast mutex; says whether this thread had it.
///
/// # Safety
/// As for [`acquire`].
pub(in crate::exports) unsafe fn release(
    thread: &Thread,
    call: &'static str,
    mutex: PFAST_MUTEX,
) -> bool {
    let locked = thread.kernel().dispatcher.lock(mutex.addr());
    // SAFETY: by this function's contract; the lock orders this with the other routines here.
    let owner = unsafe { (*mutex).Owner }.addr();
    if owner != thread.address() {
        drop(locked);
        let detail = "a fast mutex is released by a thread that does not own it";
        thread.finding(Rule::Lock, call, detail);
        return false;
    }
    // SAFETY: as above.
    unsafe { (*mutex).Owner = null_mut() };
    // SAFETY: as above.
    unsafe { (*mutex).Count = 1 };
    thread.set_has_fast_mutex(mutex.addr(), false);
    locked.wake();
    true
}
