//! What runs on after its driver, and parameters.

use std::cell::UnsafeCell;
use std::ptr::null_mut;

use wdm_sim::Status;
use wdm_sys::*;

use crate::subject::{Subject, call, cases};

unsafe extern "system" {
    fn KeInitializeTimerEx(timer: PVOID, kind: u32);
    fn KeSetTimer(timer: PVOID, due: i64, dpc: PVOID) -> BOOLEAN;
    fn KeCancelTimer(timer: PVOID) -> BOOLEAN;
}

/// `NotificationEvent`; there is no type 9.
const NOTIFICATION: EVENT_TYPE = NotificationEvent;
const NO_TYPE: EVENT_TYPE = 9;
/// An hour, relative to now.
const HOUR: i64 = -36_000_000_000;

cases! {
    thread_that_outlives_its_driver: Thread at "DriverUnload" = Subject {
        entry: |_, _| {
            call!(KeInitializeEvent(END.event(), NOTIFICATION, 0));
            END.0.get().expose_provenance();
            let mut handle = null_mut();
            let (place, null) = (&raw mut handle, null_mut());
            let context = END.event().cast();
            let status = call!(PsCreateSystemThread(
                place, 0, null_mut(), null_mut(), null, Some(wait), context
            ));
            assert_eq!(Status(status), Status::SUCCESS);
            *THREAD.lock().unwrap() = handle.addr();
        },
        unload: |_, wrong| {
            let handle = std::ptr::without_provenance_mut(*THREAD.lock().unwrap());
            if !wrong {
                call!(KeSetEvent(END.event(), 0, 0));
                call!(ZwWaitForSingleObject(handle, 0, null_mut()));
            }
            call!(ZwClose(handle));
        },
        ..Subject::IDLE
    };

    work_item_that_is_not_freed: WorkItem at "DriverUnload" = Subject::entry(|_, wrong| {
        let item = call!(IoAllocateWorkItem(null_mut()));
        if !wrong {
            call!(IoFreeWorkItem(item));
        }
    });

    timer_that_is_not_cancelled: Timer at "DriverUnload" = Subject {
        entry: |_, _| {
            call!(KeInitializeTimerEx(TIMER.memory(), 0));
            call!(KeSetTimer(TIMER.memory(), HOUR, null_mut()));
        },
        unload: |_, wrong| {
            if !wrong {
                call!(KeCancelTimer(TIMER.memory()));
            }
        },
        ..Subject::IDLE
    };

    event_of_no_type: Parameter at "KeInitializeEvent" = Subject::entry(|_, wrong| {
        let kind = if wrong { NO_TYPE } else { NOTIFICATION };
        call!(KeInitializeEvent(END.event(), kind, 0));
    });
}

/// Memory for a dispatcher object, which lives as long as the process.
#[repr(C, align(16))]
struct Memory(UnsafeCell<[u8; 64]>);

// SAFETY: the kernel's routines order all accesses.
unsafe impl Sync for Memory {}

impl Memory {
    const fn new() -> Self {
        Self(UnsafeCell::new([0; 64]))
    }

    fn memory(&self) -> PVOID {
        self.0.get().cast()
    }

    fn event(&self) -> PRKEVENT {
        self.0.get().cast()
    }
}

static END: Memory = Memory::new();
static TIMER: Memory = Memory::new();
static THREAD: std::sync::Mutex<usize> = std::sync::Mutex::new(0);

unsafe extern "system" fn wait(event: PVOID) {
    call!(KeWaitForSingleObject(event, 0, 0, 0, null_mut()));
}
