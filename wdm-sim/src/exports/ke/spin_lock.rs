//! Spin locks and push locks.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keacquirespinlock> and
//! its neighbours; <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exinitializepushlock>.
//! `KeAcquireSpinLock` and `ExAcquirePushLockExclusive` are macros of the headers for the routines here.

use wdm_sys::{BOOLEAN, KIRQL, KSPIN_LOCK, PVOID};

use crate::cm::lock_order::waits_forever;
use crate::exports::ex::resource::require_no_apcs;
use crate::exports::exports;
use crate::locks::{Access, Kind, Taken};
use crate::machine::{Thread, current, irql};
use crate::verifier::Rule;

exports! {
    /// Initialises a spin lock.
    [undeclared]
    fn KeInitializeSpinLock(lock: *mut KSPIN_LOCK) {
        // SAFETY: the caller gave memory for a lock, which nobody uses yet.
        unsafe { lock.write(0) };
    }

    /// Takes a spin lock at DISPATCH_LEVEL and gives the level before.
    [undeclared]
    fn KeAcquireSpinLockRaiseToDpc(lock: *mut KSPIN_LOCK) -> KIRQL {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let before = thread.set_irql(irql::DISPATCH_LEVEL);
        take(&thread, CALL, Kind::SpinLock, lock.addr(), Access::Exclusive);
        before
    }

    /// Takes a spin lock; the level is DISPATCH_LEVEL already.
    [undeclared]
    fn KeAcquireSpinLockAtDpcLevel(lock: *mut KSPIN_LOCK) {
        let thread = current(CALL);
        require_dispatch_level(&thread, CALL);
        take(&thread, CALL, Kind::SpinLock, lock.addr(), Access::Exclusive);
    }

    /// Takes a spin lock if it is free: 1 if it was, else 0.
    [undeclared]
    fn KeTryToAcquireSpinLockAtDpcLevel(lock: *mut KSPIN_LOCK) -> BOOLEAN {
        let thread = current(CALL);
        require_dispatch_level(&thread, CALL);
        let locks = &thread.kernel().locks;
        let taken = locks.take(&thread, Kind::SpinLock, lock.addr(), Access::Exclusive, false);
        BOOLEAN::from(taken == Taken::Yes)
    }

    /// Whether a spin lock is free.
    [undeclared]
    fn KeTestSpinLock(lock: *mut KSPIN_LOCK) -> BOOLEAN {
        BOOLEAN::from(!current(CALL).kernel().locks.is_held(lock.addr()))
    }

    /// Releases a spin lock and restores the level.
    [undeclared]
    fn KeReleaseSpinLock(lock: *mut KSPIN_LOCK, level: KIRQL) {
        let thread = current(CALL);
        require_dispatch_level(&thread, CALL);
        release(&thread, CALL, Kind::SpinLock, lock.addr());
        if level > irql::DISPATCH_LEVEL {
            let detail = format!("{level} is not the level that taking a spin lock gave");
            return thread.finding(Rule::Irql, CALL, detail);
        }
        thread.set_irql(level);
    }

    /// Releases a spin lock; the level stays.
    [undeclared]
    fn KeReleaseSpinLockFromDpcLevel(lock: *mut KSPIN_LOCK) {
        let thread = current(CALL);
        require_dispatch_level(&thread, CALL);
        release(&thread, CALL, Kind::SpinLock, lock.addr());
    }

    /// Initialises a push lock.
    [undeclared]
    fn ExInitializePushLock(lock: *mut usize) {
        // SAFETY: the caller gave memory for a lock, which nobody uses yet.
        unsafe { lock.write(0) };
    }

    /// Takes a push lock for this thread alone.
    [undeclared]
    fn ExAcquirePushLockExclusiveEx(lock: PVOID, _flags: u32) {
        acquire_push_lock(&current(CALL), CALL, lock, Access::Exclusive);
    }

    /// Takes a push lock together with others.
    [undeclared]
    fn ExAcquirePushLockSharedEx(lock: PVOID, _flags: u32) {
        acquire_push_lock(&current(CALL), CALL, lock, Access::Shared);
    }

    /// Releases a push lock that was taken for one thread alone.
    [undeclared]
    fn ExReleasePushLockExclusiveEx(lock: PVOID, _flags: u32) {
        release_push_lock(&current(CALL), CALL, lock, Some(Access::Exclusive));
    }

    /// Releases a push lock that was taken together with others.
    [undeclared]
    fn ExReleasePushLockSharedEx(lock: PVOID, _flags: u32) {
        release_push_lock(&current(CALL), CALL, lock, Some(Access::Shared));
    }

    /// Releases a push lock, in whichever way it was taken.
    [undeclared]
    fn ExReleasePushLockEx(lock: PVOID, _flags: u32) {
        release_push_lock(&current(CALL), CALL, lock, None);
    }
}

pub(super) fn require_dispatch_level(thread: &Thread, call: &'static str) {
    let level = thread.irql();
    if level != irql::DISPATCH_LEVEL {
        let detail = format!("called at IRQL {level}; it has to be DISPATCH_LEVEL");
        thread.finding(Rule::Irql, call, detail);
    }
}

fn acquire_push_lock(thread: &Thread, call: &'static str, lock: PVOID, access: Access) {
    thread.require_irql(irql::APC_LEVEL, call);
    require_no_apcs(thread, call);
    take(thread, call, Kind::PushLock, lock.addr(), access);
}

fn release_push_lock(thread: &Thread, call: &'static str, lock: PVOID, access: Option<Access>) {
    thread.require_irql(irql::APC_LEVEL, call);
    require_no_apcs(thread, call);
    let (exclusive, any) = thread.kernel().locks.times(thread.address(), lock.addr());
    if any > 0 && access.is_some_and(|access| (access == Access::Exclusive) != (exclusive > 0)) {
        let detail =
            "a push lock is released in another way than it was taken, shared or exclusive";
        thread.finding(Rule::Lock, call, detail);
    }
    release(thread, call, Kind::PushLock, lock.addr());
}

/// Takes a lock, waiting for it.
pub(super) fn take(thread: &Thread, call: &'static str, kind: Kind, lock: usize, access: Access) {
    let locks = &thread.kernel().locks;
    if waits_forever(thread, lock, |thread| locks.times(thread, lock).1 > 0) {
        return;
    }
    let taken = locks.take(thread, kind, lock, access, true);
    if taken == Taken::Deadlock {
        let name = kind.name();
        let detail = format!("{name} is taken a second time by its owner, which deadlocks on NT");
        thread.finding(Rule::Lock, call, detail);
    }
}

pub(super) fn release(thread: &Thread, call: &'static str, kind: Kind, lock: usize) {
    if !thread.kernel().locks.release(thread.address(), lock) {
        let name = kind.name();
        let detail = format!("{name} is released by a thread that does not have it");
        thread.finding(Rule::Lock, call, detail);
    }
}
