//! Events, fast mutexes, levels.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU32, Ordering};

use wdm_sim::Rule;
use wdm_sys::{
    EVENT_TYPE, FAST_MUTEX, KEVENT, LARGE_INTEGER, NTSTATUS, NotificationEvent, PFAST_MUTEX,
    PRKEVENT, PVOID, SynchronizationEvent,
};

use crate::support::{SUCCESS, call, in_kernel, machine, only};

const TIMEOUT: NTSTATUS = 0x102;

/// A fast mutex, initialised as `ExInitializeFastMutex` of `wdm.h` does it.
pub(crate) struct Mutex(UnsafeCell<FAST_MUTEX>);

// SAFETY: the kernel's routines order all accesses.
unsafe impl Sync for Mutex {}

impl Mutex {
    pub(crate) fn new() -> Self {
        // SAFETY: all-zero bytes are valid for these fields.
        let mut mutex: FAST_MUTEX = unsafe { MaybeUninit::zeroed().assume_init() };
        mutex.Count = 1;
        call!(KeInitializeEvent(
            &raw mut mutex.Event,
            SynchronizationEvent,
            0
        ));
        Self(UnsafeCell::new(mutex))
    }

    pub(crate) fn as_ptr(&self) -> PFAST_MUTEX {
        self.0.get()
    }
}

struct Event(UnsafeCell<KEVENT>);

// SAFETY: the kernel's routines order all accesses.
unsafe impl Sync for Event {}

impl Event {
    fn new(kind: EVENT_TYPE, signalled: bool) -> Self {
        // SAFETY: all-zero bytes are valid for the event's fields.
        let event = Self(UnsafeCell::new(unsafe {
            MaybeUninit::zeroed().assume_init()
        }));
        call!(KeInitializeEvent(event.as_ptr(), kind, signalled.into()));
        event
    }

    fn as_ptr(&self) -> PRKEVENT {
        self.0.get()
    }

    fn set(&self) -> i32 {
        call!(KeSetEvent(self.as_ptr(), 0, 0))
    }

    /// Waits as long as it takes.
    fn wait(&self) -> NTSTATUS {
        wait(self.as_ptr().cast(), None)
    }

    /// Asks without waiting.
    fn poll(&self) -> NTSTATUS {
        wait(self.as_ptr().cast(), Some(0))
    }
}

/// Waits for an object; the time is relative, in 100 ns units.
pub(crate) fn wait(object: PVOID, time: Option<i64>) -> NTSTATUS {
    let mut timeout = LARGE_INTEGER {
        QuadPart: -time.unwrap_or_default(),
    };
    let timeout = match time {
        Some(_) => &raw mut timeout,
        None => std::ptr::null_mut(),
    };
    call!(KeWaitForSingleObject(
        object,
        wdm_sys::Executive,
        0,
        0,
        timeout
    ))
}

#[test]
fn a_notification_event_stays_signalled() {
    let machine = machine();
    in_kernel(&machine, || {
        let event = Event::new(NotificationEvent, false);
        assert_eq!(event.poll(), TIMEOUT);
        assert_eq!(wait(event.as_ptr().cast(), Some(10)), TIMEOUT);
        assert_eq!(event.set(), 0, "it was not signalled");
        assert_eq!(event.set(), 1, "it was");
        assert_eq!([event.poll(), event.wait()], [SUCCESS; 2]);
        assert_eq!(Event::new(NotificationEvent, true).poll(), SUCCESS);
    });
    assert!(machine.report().findings.is_empty());
}

#[test]
fn a_synchronization_event_lets_one_waiter_go() {
    let machine = machine();
    in_kernel(&machine, || {
        let event = Event::new(SynchronizationEvent, false);
        event.set();
        assert_eq!([event.poll(), event.poll()], [SUCCESS, TIMEOUT]);
    });
    assert!(machine.report().findings.is_empty());
}

#[test]
fn an_event_wakes_threads() {
    let machine = machine();
    let (to, back) = (
        Event::new(SynchronizationEvent, false),
        Event::new(SynchronizationEvent, false),
    );
    let rounds = AtomicU32::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            in_kernel(&machine, || {
                for _ in 0..100 {
                    assert_eq!(to.wait(), SUCCESS);
                    rounds.fetch_add(1, Ordering::Relaxed);
                    back.set();
                }
            });
        });
        in_kernel(&machine, || {
            for round in 0..100 {
                assert_eq!(rounds.load(Ordering::Relaxed), round);
                to.set();
                assert_eq!(back.wait(), SUCCESS);
            }
        });
    });
}

#[test]
fn a_fast_mutex_excludes_and_raises_the_level() {
    struct Shared(UnsafeCell<u64>);
    // SAFETY: the mutex orders all accesses.
    unsafe impl Sync for Shared {}

    let machine = machine();
    let mutex = Mutex::new();
    let shared = Shared(UnsafeCell::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let shared = &shared;
                in_kernel(&machine, || {
                    for _ in 0..500 {
                        call!(ExAcquireFastMutex(mutex.as_ptr()));
                        assert_eq!(call!(KeGetCurrentIrql()), 1, "APC_LEVEL");
                        // SAFETY: this thread owns the mutex.
                        let value = unsafe { shared.0.get().read() };
                        std::thread::yield_now();
                        // SAFETY: as above.
                        unsafe { shared.0.get().write(value + 1) };
                        call!(ExReleaseFastMutex(mutex.as_ptr()));
                        assert_eq!(call!(KeGetCurrentIrql()), 0, "PASSIVE_LEVEL");
                    }
                });
            });
        }
    });
    assert_eq!(shared.0.into_inner(), 2000);
    assert!(machine.report().findings.is_empty());
}

#[test]
fn taking_a_fast_mutex_twice_is_found_and_does_not_hang() {
    let machine = machine();
    let mutex = Mutex::new();
    in_kernel(&machine, || {
        call!(ExAcquireFastMutex(mutex.as_ptr()));
        call!(ExAcquireFastMutex(mutex.as_ptr()));
        call!(ExReleaseFastMutex(mutex.as_ptr()));
        assert_eq!(call!(KeGetCurrentIrql()), 0);
    });
    only(&machine.report().findings, Rule::Lock, "ExAcquireFastMutex");
}

#[test]
fn releasing_anothers_fast_mutex_is_found() {
    let machine = machine();
    let mutex = Mutex::new();
    in_kernel(&machine, || {
        call!(ExAcquireFastMutex(mutex.as_ptr()));
        // Another thread, while the owner lives: the addresses of threads that are gone come again.
        in_kernel(&machine, || call!(ExReleaseFastMutex(mutex.as_ptr())));
    });
    only(&machine.report().findings, Rule::Lock, "ExReleaseFastMutex");
}

#[test]
fn what_needs_a_lower_level_is_found() {
    let machine = machine();
    let mutex = Mutex::new();
    in_kernel(&machine, || {
        let handle = crate::support::open_key(crate::support::KEY, 0);
        call!(ExAcquireFastMutex(mutex.as_ptr()));
        assert_eq!(call!(ZwClose(handle)), SUCCESS);
        call!(ExReleaseFastMutex(mutex.as_ptr()));
    });
    only(&machine.report().findings, Rule::Irql, "ZwClose");
}

#[test]
fn critical_regions_are_paired() {
    let machine = machine();
    in_kernel(&machine, || {
        call!(KeEnterCriticalRegion());
        call!(KeEnterCriticalRegion());
        call!(KeLeaveCriticalRegion());
        call!(KeLeaveCriticalRegion());
        assert!(machine.report().findings.is_empty());
        call!(KeLeaveCriticalRegion());
    });
    only(
        &machine.report().findings,
        Rule::CriticalRegion,
        "KeLeaveCriticalRegion",
    );
}

#[test]
fn a_delay_of_no_time_ends() {
    let machine = machine();
    in_kernel(&machine, || {
        // Relative, and a system time that has passed.
        for time in [0, -1, 1] {
            let mut interval = LARGE_INTEGER { QuadPart: time };
            assert_eq!(
                call!(KeDelayExecutionThread(0, 0, &raw mut interval)),
                SUCCESS
            );
        }
    });
}

#[test]
fn waiting_for_a_key_object_is_found() {
    let machine = machine();
    in_kernel(&machine, || {
        let key = crate::support::object_of(crate::support::open_key(crate::support::KEY, 0));
        assert_eq!(wait(key, Some(0)), crate::support::TYPE_MISMATCH);
    });
    only(
        &machine.report().findings,
        Rule::Parameter,
        "KeWaitForSingleObject",
    );
}
