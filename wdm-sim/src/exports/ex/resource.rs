//! Executive resources.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exinitializeresourcelite>,
//! `nf-wdm-exacquireresourceexclusivelite` and their neighbours. Who takes or releases one has held off
//! normal kernel APCs (`KeEnterCriticalRegion`), or runs at APC_LEVEL.

use wdm_sys::{BOOLEAN, NTSTATUS, PVOID};

use crate::cm::lock_order::waits_forever;
use crate::exports::exports;
use crate::locks::{Access, Kind, Taken};
use crate::machine::{Thread, current, irql};
use crate::status::Status;
use crate::verifier::Rule;

/// The size of an `ERESOURCE` of 64-bit Windows (`wdm.h`); what it holds is the kernel's business.
const RESOURCE_SIZE: usize = 104;

exports! {
    /// Initialises a resource, which [`ExDeleteResourceLite`] ends.
    [undeclared]
    fn ExInitializeResourceLite(resource: PVOID) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        // SAFETY: the caller gave memory for a resource.
        unsafe { resource.cast::<u8>().write_bytes(0, RESOURCE_SIZE) };
        if thread.kernel().locks.initialize(resource.addr(), thread.caller().driver) {
            let detail = "the resource is initialised already; call ExDeleteResourceLite first";
            thread.finding(Rule::Lock, CALL, detail);
        }
        Status::SUCCESS.0
    }

    /// Makes a resource as it was when it was initialised.
    [undeclared]
    fn ExReinitializeResourceLite(resource: PVOID) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        delete(&thread, CALL, resource);
        thread.kernel().locks.initialize(resource.addr(), thread.caller().driver);
        Status::SUCCESS.0
    }

    /// Ends a resource, which nobody has any more.
    [undeclared]
    fn ExDeleteResourceLite(resource: PVOID) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        delete(&thread, CALL, resource);
        Status::SUCCESS.0
    }

    /// Takes a resource for this thread alone; 0 if others have it and the thread does not wait.
    [undeclared]
    fn ExAcquireResourceExclusiveLite(resource: PVOID, wait: BOOLEAN) -> BOOLEAN {
        acquire(&current(CALL), CALL, resource, Access::Exclusive, wait)
    }

    /// Takes a resource together with others, behind those who wait for exclusive access.
    [undeclared]
    fn ExAcquireResourceSharedLite(resource: PVOID, wait: BOOLEAN) -> BOOLEAN {
        acquire(&current(CALL), CALL, resource, Access::Shared, wait)
    }

    /// Takes a resource together with others, before those who wait for exclusive access.
    [undeclared]
    fn ExAcquireSharedStarveExclusive(resource: PVOID, wait: BOOLEAN) -> BOOLEAN {
        acquire(&current(CALL), CALL, resource, Access::SharedStarveExclusive, wait)
    }

    /// Takes a resource together with others, behind those who wait for exclusive access even if the
    /// thread has the resource.
    [undeclared]
    fn ExAcquireSharedWaitForExclusive(resource: PVOID, wait: BOOLEAN) -> BOOLEAN {
        acquire(&current(CALL), CALL, resource, Access::SharedWaitForExclusive, wait)
    }

    /// Releases a resource once.
    [undeclared]
    fn ExReleaseResourceLite(resource: PVOID) {
        let thread = current(CALL);
        release(&thread, CALL, resource, thread.address());
    }

    /// Releases a resource that a thread has, given by the address of its object.
    [undeclared]
    fn ExReleaseResourceForThreadLite(resource: PVOID, owner: usize) {
        release(&current(CALL), CALL, resource, owner);
    }

    /// Turns exclusive access into shared.
    [undeclared]
    fn ExConvertExclusiveToSharedLite(resource: PVOID) {
        let thread = current(CALL);
        require_no_apcs(&thread, CALL);
        let locks = &thread.kernel().locks;
        if !locks.convert_to_shared(thread.address(), resource.addr()) {
            let detail = "the thread does not have the resource exclusively; acquire it so first";
            thread.finding(Rule::Lock, CALL, detail);
        }
    }

    /// Whether this thread has a resource exclusively.
    [undeclared]
    fn ExIsResourceAcquiredExclusiveLite(resource: PVOID) -> BOOLEAN {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let (exclusive, _) = thread.kernel().locks.times(thread.address(), resource.addr());
        BOOLEAN::from(exclusive > 0)
    }

    /// How often this thread has a resource, in whichever way.
    [undeclared]
    fn ExIsResourceAcquiredSharedLite(resource: PVOID) -> u32 {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        thread.kernel().locks.times(thread.address(), resource.addr()).1
    }

    /// How many threads wait for exclusive access.
    [undeclared]
    fn ExGetExclusiveWaiterCount(resource: PVOID) -> u32 {
        current(CALL).kernel().locks.waiters(resource.addr()).0
    }

    /// How many threads wait for shared access.
    [undeclared]
    fn ExGetSharedWaiterCount(resource: PVOID) -> u32 {
        current(CALL).kernel().locks.waiters(resource.addr()).1
    }
}

/// Records a finding unless normal kernel APCs are held off.
pub(in crate::exports) fn require_no_apcs(thread: &Thread, call: &'static str) {
    let held_off = thread.critical_regions() > 0 || thread.guarded_regions() > 0;
    if thread.irql() < irql::APC_LEVEL && !held_off {
        let detail = "called outside a critical region; call KeEnterCriticalRegion first";
        thread.finding(Rule::Lock, call, detail);
    }
}

fn delete(thread: &Thread, call: &'static str, resource: PVOID) {
    let detail = match thread.kernel().locks.delete(resource.addr()) {
        Some(false) => return,
        Some(true) => "a thread has the resource still; release it first",
        None => "the resource is not initialised, or deleted; call ExInitializeResourceLite first",
    };
    thread.finding(Rule::Lock, call, detail);
}

fn acquire(
    thread: &Thread,
    call: &'static str,
    resource: PVOID,
    access: Access,
    wait: BOOLEAN,
) -> BOOLEAN {
    thread.require_irql(irql::APC_LEVEL, call);
    require_no_apcs(thread, call);
    let locks = &thread.kernel().locks;
    let has_it = |thread| locks.times(thread, resource.addr()).1 > 0;
    if wait != 0 && waits_forever(thread, resource.addr(), has_it) {
        return 0;
    }
    let detail = match locks.take(thread, Kind::Resource, resource.addr(), access, wait != 0) {
        Taken::Yes => return 1,
        Taken::Busy => return 0,
        Taken::Deadlock => {
            "a thread that has the resource shared waits for exclusive access, which deadlocks on NT"
        }
        Taken::Uninitialized => {
            "the resource is not initialised, or deleted; call ExInitializeResourceLite first"
        }
    };
    thread.finding(Rule::Lock, call, detail);
    0
}

fn release(thread: &Thread, call: &'static str, resource: PVOID, owner: usize) {
    thread.require_irql(irql::DISPATCH_LEVEL, call);
    require_no_apcs(thread, call);
    if !thread.kernel().locks.release(owner, resource.addr()) {
        let detail = "a resource is released by a thread that does not have it";
        thread.finding(Rule::Lock, call, detail);
    }
}
