//! Spin locks whose waiters queue up, and spin locks that readers share.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keacquireinstackqueuedspinlock>,
//! `nf-wdm-exacquirespinlockshared` and their neighbours.

use wdm_sys::{KIRQL, KSPIN_LOCK};

use super::spin_lock::{release, require_dispatch_level, take};
use crate::exports::exports;
use crate::locks::{Access, Kind};
use crate::machine::{Thread, current, irql};
use crate::verifier::Rule;

/// `KLOCK_QUEUE_HANDLE`.
#[repr(C)]
pub(super) struct QueueHandle {
    next: usize,
    lock: *mut KSPIN_LOCK,
    level: KIRQL,
}

exports! {
    /// Takes a spin lock at DISPATCH_LEVEL. The handle remembers the level before.
    [undeclared]
    fn KeAcquireInStackQueuedSpinLock(lock: *mut KSPIN_LOCK, handle: *mut QueueHandle) {
        let thread = current(CALL);
        let level = raise_and_take(&thread, CALL, lock.addr(), Access::Exclusive);
        // SAFETY: the caller gave memory for a handle.
        unsafe { handle.write(QueueHandle { next: 0, lock, level }) };
    }

    /// Releases a spin lock that was taken with a handle, and restores the level.
    [undeclared]
    fn KeReleaseInStackQueuedSpinLock(handle: *mut QueueHandle) {
        // SAFETY: the caller gave the handle that the lock was taken with.
        let QueueHandle { lock, level, .. } = unsafe { handle.read() };
        release_and_lower(&current(CALL), CALL, lock.addr(), level);
    }

    /// Takes a spin lock; the level is DISPATCH_LEVEL already.
    [undeclared]
    fn KeAcquireInStackQueuedSpinLockAtDpcLevel(lock: *mut KSPIN_LOCK, handle: *mut QueueHandle) {
        let thread = current(CALL);
        require_dispatch_level(&thread, CALL);
        take(&thread, CALL, Kind::SpinLock, lock.addr(), Access::Exclusive);
        // SAFETY: the caller gave memory for a handle.
        unsafe { handle.write(QueueHandle { next: 0, lock, level: irql::DISPATCH_LEVEL }) };
    }

    /// Releases a spin lock that was taken with a handle; the level stays.
    [undeclared]
    fn KeReleaseInStackQueuedSpinLockFromDpcLevel(handle: *mut QueueHandle) {
        // SAFETY: the caller gave the handle that the lock was taken with.
        let lock = unsafe { (*handle).lock };
        let thread = current(CALL);
        require_dispatch_level(&thread, CALL);
        release(&thread, CALL, Kind::SpinLock, lock.addr());
    }

    /// Takes a spin lock in a deferred procedure call, threaded or not; gives the level before.
    [undeclared]
    fn KeAcquireSpinLockForDpc(lock: *mut KSPIN_LOCK) -> KIRQL {
        raise_and_take(&current(CALL), CALL, lock.addr(), Access::Exclusive)
    }

    /// Releases a spin lock in a deferred procedure call, and restores the level.
    [undeclared]
    fn KeReleaseSpinLockForDpc(lock: *mut KSPIN_LOCK, level: KIRQL) {
        release_and_lower(&current(CALL), CALL, lock.addr(), level);
    }

    /// Takes a spin lock for this thread alone; gives the level before.
    [undeclared]
    fn ExAcquireSpinLockExclusive(lock: *mut i32) -> KIRQL {
        raise_and_take(&current(CALL), CALL, lock.addr(), Access::Exclusive)
    }

    /// Takes a spin lock together with others; gives the level before.
    [undeclared]
    fn ExAcquireSpinLockShared(lock: *mut i32) -> KIRQL {
        raise_and_take(&current(CALL), CALL, lock.addr(), Access::Shared)
    }

    /// Releases a spin lock that was taken for one thread alone, and restores the level.
    [undeclared]
    fn ExReleaseSpinLockExclusive(lock: *mut i32, level: KIRQL) {
        release_and_lower(&current(CALL), CALL, lock.addr(), level);
    }

    /// Releases a spin lock that was taken together with others, and restores the level.
    [undeclared]
    fn ExReleaseSpinLockShared(lock: *mut i32, level: KIRQL) {
        release_and_lower(&current(CALL), CALL, lock.addr(), level);
    }

    /// Takes a spin lock for this thread alone; the level is DISPATCH_LEVEL already.
    [undeclared]
    fn ExAcquireSpinLockExclusiveAtDpcLevel(lock: *mut i32) {
        let thread = current(CALL);
        require_dispatch_level(&thread, CALL);
        take(&thread, CALL, Kind::SpinLock, lock.addr(), Access::Exclusive);
    }

    /// Takes a spin lock together with others; the level is DISPATCH_LEVEL already.
    [undeclared]
    fn ExAcquireSpinLockSharedAtDpcLevel(lock: *mut i32) {
        let thread = current(CALL);
        require_dispatch_level(&thread, CALL);
        take(&thread, CALL, Kind::SpinLock, lock.addr(), Access::Shared);
    }

    /// Releases a spin lock that was taken for one thread alone; the level stays.
    [undeclared]
    fn ExReleaseSpinLockExclusiveFromDpcLevel(lock: *mut i32) {
        let thread = current(CALL);
        require_dispatch_level(&thread, CALL);
        release(&thread, CALL, Kind::SpinLock, lock.addr());
    }

    /// Releases a spin lock that was taken together with others; the level stays.
    [undeclared]
    fn ExReleaseSpinLockSharedFromDpcLevel(lock: *mut i32) {
        let thread = current(CALL);
        require_dispatch_level(&thread, CALL);
        release(&thread, CALL, Kind::SpinLock, lock.addr());
    }
}

fn raise_and_take(thread: &Thread, call: &'static str, lock: usize, access: Access) -> KIRQL {
    thread.require_irql(irql::DISPATCH_LEVEL, call);
    let before = thread.set_irql(irql::DISPATCH_LEVEL);
    take(thread, call, Kind::SpinLock, lock, access);
    before
}

fn release_and_lower(thread: &Thread, call: &'static str, lock: usize, level: KIRQL) {
    require_dispatch_level(thread, call);
    release(thread, call, Kind::SpinLock, lock);
    if level > irql::DISPATCH_LEVEL {
        let detail = format!("{level} is not the level that taking a spin lock gave");
        return thread.finding(Rule::Irql, call, detail);
    }
    thread.set_irql(level);
}
