//! Executive resources, push locks, spin locks, run-down protection.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering};

use wdm_sim::Rule;
use wdm_sys::{BOOLEAN, KIRQL, NTSTATUS};

use crate::support::{SUCCESS, entry, findings_of, in_kernel, machine, on, only};

unsafe extern "system" {
    fn ExInitializeResourceLite(resource: *mut u8) -> NTSTATUS;
    fn ExDeleteResourceLite(resource: *mut u8) -> NTSTATUS;
    fn ExAcquireResourceExclusiveLite(resource: *mut u8, wait: BOOLEAN) -> BOOLEAN;
    fn ExAcquireResourceSharedLite(resource: *mut u8, wait: BOOLEAN) -> BOOLEAN;
    fn ExReleaseResourceLite(resource: *mut u8);
    fn ExConvertExclusiveToSharedLite(resource: *mut u8);
    fn ExIsResourceAcquiredExclusiveLite(resource: *mut u8) -> BOOLEAN;
    fn ExIsResourceAcquiredSharedLite(resource: *mut u8) -> u32;
    fn ExGetExclusiveWaiterCount(resource: *mut u8) -> u32;
    fn KeAcquireSpinLockRaiseToDpc(lock: *mut u8) -> KIRQL;
    fn KeReleaseSpinLock(lock: *mut u8, level: KIRQL);
    fn KeTryToAcquireSpinLockAtDpcLevel(lock: *mut u8) -> BOOLEAN;
    fn KeTestSpinLock(lock: *mut u8) -> BOOLEAN;
    fn ExAcquirePushLockExclusiveEx(lock: *mut u8, flags: u32);
    fn ExAcquirePushLockSharedEx(lock: *mut u8, flags: u32);
    fn ExReleasePushLockExclusiveEx(lock: *mut u8, flags: u32);
    fn ExReleasePushLockSharedEx(lock: *mut u8, flags: u32);
    fn ExInitializeRundownProtection(reference: *mut u8);
    fn ExAcquireRundownProtection(reference: *mut u8) -> BOOLEAN;
    fn ExReleaseRundownProtection(reference: *mut u8);
    fn ExWaitForRundownProtectionRelease(reference: *mut u8);
    fn ExReInitializeRundownProtection(reference: *mut u8);
}

/// Memory that is large enough for each kind of lock.
#[repr(C, align(16))]
struct Memory(UnsafeCell<[u8; 104]>);

// SAFETY: the kernel's routines order all accesses.
unsafe impl Sync for Memory {}

impl Memory {
    const fn new() -> Self {
        Self(UnsafeCell::new([0; 104]))
    }

    fn as_ptr(&self) -> *mut u8 {
        self.0.get().cast()
    }
}

/// Runs `body` in a critical region.
fn in_region<T>(body: impl FnOnce() -> T) -> T {
    crate::support::call!(KeEnterCriticalRegion());
    let result = body();
    crate::support::call!(KeLeaveCriticalRegion());
    result
}

#[test]
fn a_resource_is_shared_or_exclusive() {
    let machine = machine();
    in_kernel(&machine, || {
        let memory = Memory::new();
        let lock = memory.as_ptr();
        assert_eq!(on!(ExInitializeResourceLite(lock)), SUCCESS);
        let other = |body: &dyn Fn() -> BOOLEAN| in_kernel(&machine, || in_region(body));
        in_region(|| {
            assert_eq!(on!(ExAcquireResourceSharedLite(lock, 1)), 1);
            assert_eq!(other(&|| on!(ExAcquireResourceExclusiveLite(lock, 0))), 0);
            assert_eq!(
                other(&|| {
                    let taken = on!(ExAcquireResourceSharedLite(lock, 0));
                    on!(ExReleaseResourceLite(lock));
                    taken
                }),
                1
            );
            on!(ExReleaseResourceLite(lock));
            assert_eq!(on!(ExAcquireResourceExclusiveLite(lock, 1)), 1);
            assert_eq!(on!(ExAcquireResourceExclusiveLite(lock, 1)), 1, "again");
            assert_eq!(on!(ExAcquireResourceSharedLite(lock, 1)), 1, "and again");
            assert_eq!(on!(ExIsResourceAcquiredExclusiveLite(lock)), 1);
            assert_eq!(on!(ExIsResourceAcquiredSharedLite(lock)), 3);
            assert_eq!(other(&|| on!(ExAcquireResourceSharedLite(lock, 0))), 0);
            on!(ExConvertExclusiveToSharedLite(lock));
            assert_eq!(on!(ExIsResourceAcquiredExclusiveLite(lock)), 0);
            for _ in 0..3 {
                on!(ExReleaseResourceLite(lock));
            }
        });
        assert_eq!(on!(ExIsResourceAcquiredSharedLite(lock)), 0);
        assert_eq!(on!(ExDeleteResourceLite(lock)), SUCCESS);
    });
    assert!(machine.report().findings.is_empty());
}

#[test]
fn shared_access_waits_behind_exclusive() {
    let machine = machine();
    let memory = Memory::new();
    let released = AtomicBool::new(false);
    std::thread::scope(|scope| {
        in_kernel(&machine, || {
            on!(ExInitializeResourceLite(memory.as_ptr()));
            crate::support::call!(KeEnterCriticalRegion());
            assert_eq!(on!(ExAcquireResourceSharedLite(memory.as_ptr(), 1)), 1);
            scope.spawn(|| {
                in_kernel(&machine, || {
                    in_region(|| {
                        on!(ExAcquireResourceExclusiveLite(memory.as_ptr(), 1));
                        assert!(released.load(Ordering::SeqCst));
                        on!(ExReleaseResourceLite(memory.as_ptr()));
                    });
                });
            });
            while on!(ExGetExclusiveWaiterCount(memory.as_ptr())) == 0 {
                std::thread::yield_now();
            }
            let shared = || on!(ExAcquireResourceSharedLite(memory.as_ptr(), 0));
            assert_eq!(in_kernel(&machine, || in_region(shared)), 0);
            released.store(true, Ordering::SeqCst);
            on!(ExReleaseResourceLite(memory.as_ptr()));
            crate::support::call!(KeLeaveCriticalRegion());
        });
    });
    assert!(machine.report().findings.is_empty());
}

#[test]
fn what_is_wrong_with_a_resource_is_found() {
    let wrong: [(&str, &dyn Fn(*mut u8)); 6] = [
        ("ExAcquireResourceSharedLite", &|lock| {
            on!(ExInitializeResourceLite(lock));
            on!(ExAcquireResourceSharedLite(lock, 1));
            in_region(|| on!(ExReleaseResourceLite(lock)));
        }),
        ("ExAcquireResourceExclusiveLite", &|lock| {
            in_region(|| on!(ExAcquireResourceExclusiveLite(lock, 1)));
        }),
        ("ExAcquireResourceExclusiveLite", &|lock| {
            on!(ExInitializeResourceLite(lock));
            in_region(|| {
                on!(ExAcquireResourceSharedLite(lock, 1));
                assert_eq!(on!(ExAcquireResourceExclusiveLite(lock, 1)), 0);
                on!(ExReleaseResourceLite(lock));
            });
        }),
        ("ExReleaseResourceLite", &|lock| {
            on!(ExInitializeResourceLite(lock));
            in_region(|| on!(ExReleaseResourceLite(lock)));
        }),
        ("ExDeleteResourceLite", &|lock| {
            on!(ExInitializeResourceLite(lock));
            in_region(|| on!(ExAcquireResourceSharedLite(lock, 1)));
            on!(ExDeleteResourceLite(lock));
        }),
        ("ExInitializeResourceLite", &|lock| {
            on!(ExInitializeResourceLite(lock));
            on!(ExInitializeResourceLite(lock));
        }),
    ];
    for (call, body) in wrong {
        let machine = machine();
        let memory = Memory::new();
        in_kernel(&machine, || body(memory.as_ptr()));
        only(&machine.report().findings, Rule::Lock, call);
    }
}

#[test]
fn a_spin_lock_raises_the_level_and_excludes() {
    let machine = machine();
    let memory = Memory::new();
    let inside = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                in_kernel(&machine, || {
                    for _ in 0..200 {
                        let level = on!(KeAcquireSpinLockRaiseToDpc(memory.as_ptr()));
                        assert_eq!((level, crate::support::call!(KeGetCurrentIrql())), (0, 2));
                        assert!(!inside.swap(true, Ordering::SeqCst));
                        std::thread::yield_now();
                        inside.store(false, Ordering::SeqCst);
                        on!(KeReleaseSpinLock(memory.as_ptr(), level));
                        assert_eq!(crate::support::call!(KeGetCurrentIrql()), 0);
                    }
                });
            });
        }
    });
    assert!(machine.report().findings.is_empty());
}

#[test]
fn what_is_wrong_with_a_spin_lock_is_found() {
    let machine = machine();
    let memory = Memory::new();
    let lock = memory.as_ptr();
    in_kernel(&machine, || {
        let level = on!(KeAcquireSpinLockRaiseToDpc(lock));
        assert_eq!(on!(KeTestSpinLock(lock)), 0);
        on!(KeAcquireSpinLockRaiseToDpc(lock));
        on!(KeReleaseSpinLock(lock, level));
        assert_eq!(on!(KeTestSpinLock(lock)), 1);
    });
    only(
        &machine.report().findings,
        Rule::Lock,
        "KeAcquireSpinLockRaiseToDpc",
    );

    let machine = crate::support::machine();
    in_kernel(&machine, || {
        assert_eq!(on!(KeTryToAcquireSpinLockAtDpcLevel(lock)), 1);
        let level = on!(KeAcquireSpinLockRaiseToDpc(Memory::new().as_ptr()));
        in_kernel(&machine, || assert_eq!(on!(KeTestSpinLock(lock)), 0));
        on!(KeReleaseSpinLock(lock, level));
    });
    only(
        &machine.report().findings,
        Rule::Irql,
        "KeTryToAcquireSpinLockAtDpcLevel",
    );
}

#[test]
fn push_locks_are_shared_or_exclusive() {
    let machine = machine();
    let memory = Memory::new();
    let lock = memory.as_ptr();
    in_kernel(&machine, || {
        in_region(|| {
            on!(ExAcquirePushLockSharedEx(lock, 0));
            in_kernel(&machine, || {
                in_region(|| {
                    on!(ExAcquirePushLockSharedEx(lock, 0));
                    on!(ExReleasePushLockSharedEx(lock, 0));
                });
            });
            on!(ExReleasePushLockSharedEx(lock, 0));
            on!(ExAcquirePushLockExclusiveEx(lock, 0));
            on!(ExReleasePushLockExclusiveEx(lock, 0));
            assert!(machine.report().findings.is_empty());
            on!(ExAcquirePushLockExclusiveEx(lock, 0));
            on!(ExReleasePushLockSharedEx(lock, 0));
        });
    });
    only(
        &machine.report().findings,
        Rule::Lock,
        "ExReleasePushLockSharedEx",
    );
}

static LEFT: Memory = Memory::new();

entry! {
    fn leaves_a_spin_lock(_driver) {
        let level = on!(KeAcquireSpinLockRaiseToDpc(LEFT.as_ptr()));
        crate::support::call!(KeGetCurrentIrql());
        on!(KeReleaseSpinLock(LEFT.as_ptr(), level));
        in_region(|| on!(ExAcquirePushLockExclusiveEx(LEFT.as_ptr(), 0)));
        SUCCESS
    }
}

static UNDELETED: Memory = Memory::new();

entry! {
    fn leaves_a_resource(_driver) {
        on!(ExInitializeResourceLite(UNDELETED.as_ptr()))
    }
}

#[test]
fn locks_that_are_left_are_found() {
    let findings = findings_of(leaves_a_spin_lock);
    let finding = only(&findings, Rule::Lock, "DriverUnload");
    assert!(finding.detail.contains("a push lock is not released"));
    let findings = findings_of(leaves_a_resource);
    let finding = only(&findings, Rule::Lock, "DriverUnload");
    assert!(finding.detail.contains("ExDeleteResourceLite"), "{finding}");
}

#[test]
fn a_run_down_waits_for_accesses_and_allows_no_more() {
    let machine = machine();
    let memory = Memory::new();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        in_kernel(&machine, || {
            on!(ExInitializeRundownProtection(memory.as_ptr()));
            assert_eq!(on!(ExAcquireRundownProtection(memory.as_ptr())), 1);
            scope.spawn(|| {
                in_kernel(&machine, || {
                    on!(ExWaitForRundownProtectionRelease(memory.as_ptr()));
                    assert!(ended.load(Ordering::SeqCst));
                });
            });
            while on!(ExAcquireRundownProtection(memory.as_ptr())) == 1 {
                on!(ExReleaseRundownProtection(memory.as_ptr()));
                std::thread::yield_now();
            }
            ended.store(true, Ordering::SeqCst);
            on!(ExReleaseRundownProtection(memory.as_ptr()));
        });
    });
    in_kernel(&machine, || {
        on!(ExWaitForRundownProtectionRelease(memory.as_ptr()));
        on!(ExReInitializeRundownProtection(memory.as_ptr()));
        assert_eq!(on!(ExAcquireRundownProtection(memory.as_ptr())), 1);
        on!(ExReleaseRundownProtection(memory.as_ptr()));
        assert!(machine.report().findings.is_empty());
        on!(ExReleaseRundownProtection(memory.as_ptr()));
    });
    only(
        &machine.report().findings,
        Rule::Lock,
        "ExReleaseRundownProtection",
    );
}
