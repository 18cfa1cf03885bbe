//! Guarded regions, which hold off all APCs, and guarded mutexes, whose owner is in one.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keacquireguardedmutex>,
//! `nf-ntddk-keenterguardedregion`, `nf-wdm-keareallapcsdisabled` and their neighbours. A
//! `KGUARDED_MUTEX` has the fields of a `FAST_MUTEX`.

use std::ptr::null_mut;

use wdm_sys::{BOOLEAN, PFAST_MUTEX, SynchronizationEvent};

use crate::exports::ex::fast_mutex::{acquire, release};
use crate::exports::exports;
use crate::machine::{Thread, current, irql};
use crate::verifier::Rule;

exports! {
    /// Holds off all APCs until [`KeLeaveGuardedRegion`].
    [undeclared]
    fn KeEnterGuardedRegion() {
        enter(&current(CALL), CALL);
    }

    /// Ends a guarded region.
    [undeclared]
    fn KeLeaveGuardedRegion() {
        leave(&current(CALL), CALL);
    }

    /// Whether normal kernel APCs are held off: in critical regions, and where all APCs are.
    [undeclared]
    fn KeAreApcsDisabled() -> BOOLEAN {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        BOOLEAN::from(thread.critical_regions() > 0 || thread.guarded_regions() > 0)
    }

    /// Whether all APCs are held off: in guarded regions, and from APC_LEVEL on.
    [undeclared]
    fn KeAreAllApcsDisabled() -> BOOLEAN {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        BOOLEAN::from(thread.irql() >= irql::APC_LEVEL || thread.guarded_regions() > 0)
    }

    /// Initialises a guarded mutex.
    [undeclared]
    fn KeInitializeGuardedMutex(mutex: PFAST_MUTEX) {
        // SAFETY: the caller gave memory for a mutex, which nobody uses yet.
        unsafe { (*mutex).Count = 1 };
        // SAFETY: as above.
        unsafe { (*mutex).Owner = null_mut() };
        // SAFETY: as above.
        unsafe { (*mutex).Contention = 0 };
        // SAFETY: as above.
        let event = unsafe { &raw mut (*mutex).Event };
        // SAFETY: as above.
        unsafe { wdm_sys::KeInitializeEvent(event, SynchronizationEvent, 0) };
    }

    /// Takes a guarded mutex, waiting for it, in a guarded region.
    [undeclared]
    fn KeAcquireGuardedMutex(mutex: PFAST_MUTEX) {
        let thread = current(CALL);
        enter(&thread, CALL);
        // SAFETY: the caller gave an initialised mutex.
        if !unsafe { acquire(&thread, CALL, mutex, true) } {
            leave(&thread, CALL);
        }
    }

    /// Takes a guarded mutex if it is free: 1 if it was, else 0.
    [undeclared]
    fn KeTryToAcquireGuardedMutex(mutex: PFAST_MUTEX) -> BOOLEAN {
        let thread = current(CALL);
        enter(&thread, CALL);
        // SAFETY: as above.
        let taken = unsafe { acquire(&thread, CALL, mutex, false) };
        if !taken {
            leave(&thread, CALL);
        }
        taken.into()
    }

    /// Releases a guarded mutex and leaves its guarded region.
    [undeclared]
    fn KeReleaseGuardedMutex(mutex: PFAST_MUTEX) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: as above.
        if unsafe { release(&thread, CALL, mutex) } {
            leave(&thread, CALL);
        }
    }

    /// Takes a guarded mutex; the caller is in a guarded region, or at APC_LEVEL.
    [undeclared]
    fn KeAcquireGuardedMutexUnsafe(mutex: PFAST_MUTEX) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        if thread.irql() < irql::APC_LEVEL && thread.guarded_regions() == 0 {
            let detail = "called outside a guarded region; call KeEnterGuardedRegion first";
            thread.finding(Rule::Lock, CALL, detail);
        }
        // SAFETY: as above.
        unsafe { acquire(&thread, CALL, mutex, true) };
    }

    /// Releases a guarded mutex; the region stays.
    [undeclared]
    fn KeReleaseGuardedMutexUnsafe(mutex: PFAST_MUTEX) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: as above.
        unsafe { release(&thread, CALL, mutex) };
    }
}

fn enter(thread: &Thread, call: &'static str) {
    thread.require_irql(irql::APC_LEVEL, call);
    thread.set_guarded_regions(thread.guarded_regions() + 1);
}

fn leave(thread: &Thread, call: &'static str) {
    thread.require_irql(irql::APC_LEVEL, call);
    match thread.guarded_regions().checked_sub(1) {
        Some(depth) => thread.set_guarded_regions(depth),
        None => {
            let detail = "called outside a guarded region; call KeEnterGuardedRegion first";
            thread.finding(Rule::CriticalRegion, call, detail);
        }
    }
}
