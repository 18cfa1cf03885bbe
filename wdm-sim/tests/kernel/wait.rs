//! Mutexes, semaphores, guarded regions, queued spin locks, and waits for several objects.

use std::cell::UnsafeCell;
use std::ptr::null_mut;

use wdm_sim::Rule;
use wdm_sys::{FAST_MUTEX, KEVENT, LARGE_INTEGER, NTSTATUS, NotificationEvent, PVOID};

use crate::dispatcher::wait;
use crate::support::{SUCCESS, call, entry, findings_of, in_kernel, machine, on, only};

const TIMEOUT: NTSTATUS = 0x102;

/// Memory of a dispatcher object or a lock.
#[repr(C, align(16))]
struct Words(UnsafeCell<[u64; 8]>);

// SAFETY: the kernel's routines order all accesses.
unsafe impl Sync for Words {}

impl Words {
    const fn new() -> Self {
        Self(UnsafeCell::new([0; 8]))
    }

    fn as_ptr<T>(&self) -> *mut T {
        self.0.get().cast()
    }
}

unsafe extern "system" {
    fn KeInitializeMutex(mutex: PVOID, level: u32);
    fn KeReleaseMutex(mutex: PVOID, wait: u8) -> i32;
    fn KeReadStateMutex(mutex: PVOID) -> i32;
    fn KeInitializeSemaphore(semaphore: PVOID, count: i32, limit: i32);
    fn KeReleaseSemaphore(semaphore: PVOID, increment: i32, adjustment: i32, wait: u8) -> i32;
    fn KeReadStateSemaphore(semaphore: PVOID) -> i32;
    fn KeWaitForMultipleObjects(
        count: u32,
        objects: *const PVOID,
        kind: u32,
        reason: i32,
        mode: i8,
        alertable: u8,
        timeout: *mut LARGE_INTEGER,
        blocks: PVOID,
    ) -> NTSTATUS;
    fn KeAreApcsDisabled() -> u8;
    fn KeAreAllApcsDisabled() -> u8;
    fn KeEnterGuardedRegion();
    fn KeLeaveGuardedRegion();
    fn KeInitializeGuardedMutex(mutex: *mut FAST_MUTEX);
    fn KeAcquireGuardedMutex(mutex: *mut FAST_MUTEX);
    fn KeTryToAcquireGuardedMutex(mutex: *mut FAST_MUTEX) -> u8;
    fn KeReleaseGuardedMutex(mutex: *mut FAST_MUTEX);
    fn KeAcquireInStackQueuedSpinLock(lock: PVOID, handle: PVOID);
    fn KeReleaseInStackQueuedSpinLock(handle: PVOID);
    fn ExAcquireSpinLockShared(lock: PVOID) -> u8;
    fn ExReleaseSpinLockShared(lock: PVOID, level: u8);
    fn ExAcquireSpinLockExclusive(lock: PVOID) -> u8;
    fn ExReleaseSpinLockExclusive(lock: PVOID, level: u8);
}

fn level() -> u8 {
    call!(KeGetCurrentIrql())
}

#[test]
fn a_mutex_is_its_owners_as_often_as_it_was_taken() {
    let machine = machine();
    let mutex = Words::new();
    let place = || mutex.as_ptr();
    in_kernel(&machine, || {
        on!(KeInitializeMutex(place(), 0));
        assert_eq!([wait(place(), None), wait(place(), Some(0))], [SUCCESS; 2]);
        assert_eq!(on!(KeReadStateMutex(place())), -1);
        assert_eq!(
            on!(KeAreApcsDisabled()),
            1,
            "its owner is in a critical region"
        );
        std::thread::scope(|scope| {
            let other = scope.spawn(|| in_kernel(&machine, || wait(place(), Some(0))));
            assert_eq!(other.join().expect("it ends"), TIMEOUT);
        });
        assert_eq!([(); 2].map(|()| on!(KeReleaseMutex(place(), 0))), [-1, 0]);
        assert_eq!(on!(KeAreApcsDisabled()), 0);
    });
    assert_eq!(machine.report().findings, []);
    in_kernel(&machine, || on!(KeReleaseMutex(place(), 0)));
    only(&machine.report().findings, Rule::Lock, "KeReleaseMutex");
}

#[test]
fn a_mutex_excludes() {
    struct Shared(UnsafeCell<u64>);
    // SAFETY: the mutex orders all accesses.
    unsafe impl Sync for Shared {}
    let machine = machine();
    let (mutex, shared) = (Words::new(), Shared(UnsafeCell::new(0)));
    in_kernel(&machine, || on!(KeInitializeMutex(mutex.as_ptr(), 0)));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (machine, mutex, shared) = (&machine, &mutex, &shared);
            scope.spawn(move || {
                in_kernel(machine, || {
                    for _ in 0..200 {
                        wait(mutex.as_ptr(), None);
                        // SAFETY: the mutex excludes the other threads.
                        unsafe { *shared.0.get() += 1 };
                        on!(KeReleaseMutex(mutex.as_ptr(), 0));
                    }
                });
            });
        }
    });
    assert_eq!(shared.0.into_inner(), 800);
    assert_eq!(machine.report().findings, []);
}

#[test]
fn a_semaphore_lets_as_many_through_as_its_count_says() {
    let machine = machine();
    in_kernel(&machine, || {
        let semaphore = Words::new();
        let place = || semaphore.as_ptr();
        on!(KeInitializeSemaphore(place(), 2, 3));
        let poll = || wait(place(), Some(0));
        assert_eq!([poll(), poll(), poll()], [SUCCESS, SUCCESS, TIMEOUT]);
        assert_eq!(on!(KeReleaseSemaphore(place(), 0, 3, 0)), 0);
        assert_eq!(on!(KeReadStateSemaphore(place())), 3);
        assert_eq!(machine.report().findings, []);
        assert_eq!(on!(KeReleaseSemaphore(place(), 0, 1, 0)), 3);
        assert_eq!(on!(KeReadStateSemaphore(place())), 3);
    });
    only(
        &machine.report().findings,
        Rule::Parameter,
        "KeReleaseSemaphore",
    );
}

/// Waits for objects: all or any of them; the time is relative.
fn wait_for(objects: &[PVOID], all: bool, time: Option<i64>) -> NTSTATUS {
    let mut timeout = LARGE_INTEGER {
        QuadPart: -time.unwrap_or_default(),
    };
    let timeout = time.map_or(null_mut(), |_| &raw mut timeout);
    let count = objects.len() as u32;
    let kind = u32::from(!all);
    on!(KeWaitForMultipleObjects(
        count,
        objects.as_ptr(),
        kind,
        0,
        0,
        0,
        timeout,
        null_mut()
    ))
}

#[test]
fn any_of_several_objects_ends_a_wait_and_only_that_one_is_taken() {
    let machine = machine();
    in_kernel(&machine, || {
        let (one, other) = (Words::new(), Words::new());
        for semaphore in [&one, &other] {
            on!(KeInitializeSemaphore(semaphore.as_ptr(), 0, 1));
        }
        let objects = [one.as_ptr(), other.as_ptr()];
        assert_eq!(wait_for(&objects, false, Some(0)), TIMEOUT);
        assert_eq!(wait_for(&objects, false, Some(100)), TIMEOUT);
        on!(KeReleaseSemaphore(objects[1], 0, 1, 0));
        assert_eq!(wait_for(&objects, false, Some(0)), 1);
        for object in objects {
            on!(KeReleaseSemaphore(object, 0, 1, 0));
        }
        assert_eq!(wait_for(&objects, false, None), 0);
        assert_eq!(on!(KeReadStateSemaphore(objects[1])), 1);
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn all_of_several_objects_are_taken_together_or_none() {
    let machine = machine();
    in_kernel(&machine, || {
        let (semaphore, event) = (Words::new(), Words::new());
        on!(KeInitializeSemaphore(semaphore.as_ptr(), 1, 1));
        let event_place = event.as_ptr::<KEVENT>();
        call!(KeInitializeEvent(event_place, NotificationEvent, 0));
        let objects = [semaphore.as_ptr(), event.as_ptr()];
        assert_eq!(wait_for(&objects, true, Some(0)), TIMEOUT);
        assert_eq!(on!(KeReadStateSemaphore(objects[0])), 1);
        std::thread::scope(|scope| {
            let objects = [&semaphore, &event];
            let machine = &machine;
            let waiter = scope.spawn(move || {
                let objects = objects.map(Words::as_ptr);
                in_kernel(machine, || wait_for(&objects, true, None))
            });
            call!(KeSetEvent(event.as_ptr::<KEVENT>(), 0, 0));
            assert_eq!(waiter.join().expect("it ends"), SUCCESS);
        });
        assert_eq!(on!(KeReadStateSemaphore(objects[0])), 0);
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn guarded_regions_hold_off_all_apcs() {
    let machine = machine();
    in_kernel(&machine, || {
        let disabled = || (on!(KeAreApcsDisabled()), on!(KeAreAllApcsDisabled()));
        assert_eq!(disabled(), (0, 0));
        call!(KeEnterCriticalRegion());
        assert_eq!(disabled(), (1, 0));
        call!(KeLeaveCriticalRegion());
        on!(KeEnterGuardedRegion());
        assert_eq!(disabled(), (1, 1));
        on!(KeLeaveGuardedRegion());
        assert_eq!(machine.report().findings, []);
        on!(KeLeaveGuardedRegion());
    });
    only(
        &machine.report().findings,
        Rule::CriticalRegion,
        "KeLeaveGuardedRegion",
    );
}

#[test]
fn a_driver_leaves_the_guarded_regions_that_it_enters() {
    entry! {
        fn driver(driver) {
            on!(KeEnterGuardedRegion());
            SUCCESS
        }
    }
    only(&findings_of(driver), Rule::CriticalRegion, "DriverEntry");
}

#[test]
fn a_guarded_mutex_is_held_in_a_guarded_region() {
    let machine = machine();
    let mutex = Words::new();
    let place = || mutex.as_ptr::<FAST_MUTEX>();
    in_kernel(&machine, || {
        on!(KeInitializeGuardedMutex(place()));
        on!(KeAcquireGuardedMutex(place()));
        assert_eq!((level(), on!(KeAreAllApcsDisabled())), (0, 1));
        std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                in_kernel(&machine, || {
                    (
                        on!(KeTryToAcquireGuardedMutex(place())),
                        on!(KeAreAllApcsDisabled()),
                    )
                })
            });
            assert_eq!(other.join().expect("it ends"), (0, 0));
        });
        on!(KeReleaseGuardedMutex(place()));
        assert_eq!(on!(KeAreAllApcsDisabled()), 0);
        assert_eq!(on!(KeTryToAcquireGuardedMutex(place())), 1);
        on!(KeReleaseGuardedMutex(place()));
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn queued_and_shared_spin_locks_raise_and_restore_the_level() {
    let machine = machine();
    let (lock, shared, handle) = (Words::new(), Words::new(), Words::new());
    in_kernel(&machine, || {
        on!(KeAcquireInStackQueuedSpinLock(
            lock.as_ptr(),
            handle.as_ptr()
        ));
        let before = on!(ExAcquireSpinLockShared(shared.as_ptr()));
        assert_eq!((before, level()), (2, 2));
        std::thread::scope(|scope| {
            // Readers do not exclude each other.
            let other = scope.spawn(|| {
                in_kernel(&machine, || {
                    let before = on!(ExAcquireSpinLockShared(shared.as_ptr()));
                    on!(ExReleaseSpinLockShared(shared.as_ptr(), before));
                    (before, level())
                })
            });
            assert_eq!(other.join().expect("it ends"), (0, 0));
        });
        on!(ExReleaseSpinLockShared(shared.as_ptr(), before));
        on!(KeReleaseInStackQueuedSpinLock(handle.as_ptr()));
        let before = on!(ExAcquireSpinLockExclusive(shared.as_ptr()));
        on!(ExReleaseSpinLockExclusive(shared.as_ptr(), before));
        assert_eq!(level(), 0);
        assert_eq!(machine.report().findings, []);
        on!(KeReleaseInStackQueuedSpinLock(handle.as_ptr()));
    });
    let findings = machine.report().findings;
    assert!(
        findings.iter().any(|it| it.rule == Rule::Lock),
        "{findings:?}"
    );
}
