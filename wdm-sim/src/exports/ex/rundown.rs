//! Run-down protection.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exacquirerundownprotection>
//! and its neighbours. The state is in the driver's memory, an `EX_RUNDOWN_REF` of one word, which is
//! all zeroes when it is new: the lowest bit says that the run-down has begun, the others count.

use wdm_sys::BOOLEAN;

use crate::exports::exports;
use crate::machine::{Thread, current, irql};
use crate::verifier::Rule;

/// The run-down has begun.
const RUN_DOWN: usize = 1;
/// One access.
const ACCESS: usize = 2;

exports! {
    /// Initialises run-down protection.
    [undeclared]
    fn ExInitializeRundownProtection(reference: *mut usize) {
        current(CALL).require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave memory for it, which nobody uses yet.
        unsafe { reference.write(0) };
    }

    /// Makes run-down protection new after it was run down.
    [undeclared]
    fn ExReInitializeRundownProtection(reference: *mut usize) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave initialised protection.
        unsafe { change(&thread, reference, |_| Some(0)) };
    }

    /// Begins an access: 1, or 0 if the object is being run down.
    [undeclared]
    fn ExAcquireRundownProtection(reference: *mut usize) -> BOOLEAN {
        // SAFETY: the caller gave initialised protection.
        unsafe { acquire(&current(CALL), CALL, reference, 1) }
    }

    /// Begins several accesses: 1, or 0 if the object is being run down.
    [undeclared]
    fn ExAcquireRundownProtectionEx(reference: *mut usize, count: u32) -> BOOLEAN {
        // SAFETY: the caller gave initialised protection.
        unsafe { acquire(&current(CALL), CALL, reference, count as usize) }
    }

    /// Ends an access.
    [undeclared]
    fn ExReleaseRundownProtection(reference: *mut usize) {
        // SAFETY: the caller gave initialised protection.
        unsafe { release(&current(CALL), CALL, reference, 1) };
    }

    /// Ends several accesses.
    [undeclared]
    fn ExReleaseRundownProtectionEx(reference: *mut usize, count: u32) {
        // SAFETY: the caller gave initialised protection.
        unsafe { release(&current(CALL), CALL, reference, count as usize) };
    }

    /// Lets nobody begin an access any more, and waits until all have ended.
    [undeclared]
    fn ExWaitForRundownProtectionRelease(reference: *mut usize) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave initialised protection.
        unsafe { change(&thread, reference, |state| Some(state | RUN_DOWN)) };
        let locked = thread.kernel().dispatcher.lock(reference.addr());
        // SAFETY: as above; the lock is held whenever this runs.
        locked.wait_until(None, || unsafe { reference.read() } < ACCESS);
    }

    /// Marks an object run down, which [`ExWaitForRundownProtectionRelease`] has waited for.
    [undeclared]
    fn ExRundownCompleted(reference: *mut usize) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave initialised protection.
        unsafe { change(&thread, reference, |_| Some(RUN_DOWN)) };
    }
}

/// Changes the state, unless `new` says not to; says whether it did.
///
/// # Safety
/// `reference` leads to initialised protection.
unsafe fn change(
    thread: &Thread,
    reference: *mut usize,
    new: impl FnOnce(usize) -> Option<usize>,
) -> bool {
    let locked = thread.kernel().dispatcher.lock(reference.addr());
    // SAFETY: by this function's contract; the lock orders this with the other routines here.
    let state = unsafe { reference.read() };
    let Some(state) = new(state) else {
        return false;
    };
    // SAFETY: as above.
    unsafe { reference.write(state) };
    locked.wake();
    true
}

/// # Safety
/// As for [`change`].
unsafe fn acquire(
    thread: &Thread,
    call: &'static str,
    reference: *mut usize,
    count: usize,
) -> BOOLEAN {
    thread.require_irql(irql::DISPATCH_LEVEL, call);
    let begin = |state| (state & RUN_DOWN == 0).then(|| state + count * ACCESS);
    // SAFETY: by this function's contract.
    BOOLEAN::from(unsafe { change(thread, reference, begin) })
}

/// # Safety
/// As for [`change`].
unsafe fn release(thread: &Thread, call: &'static str, reference: *mut usize, count: usize) {
    thread.require_irql(irql::DISPATCH_LEVEL, call);
    // SAFETY: by this function's contract.
    if !unsafe { change(thread, reference, |state| state.checked_sub(count * ACCESS)) } {
        let detail = "run-down protection is released more often than it was acquired";
        thread.finding(Rule::Lock, call, detail);
    }
}
