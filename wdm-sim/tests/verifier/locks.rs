//! Levels, locks and critical regions.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

use wdm_sys::*;

use crate::subject::{Subject, call, cases};

unsafe extern "system" {
    fn KfRaiseIrql(level: KIRQL) -> KIRQL;
    fn KeLowerIrql(level: KIRQL);
}

const TAG: u32 = u32::from_le_bytes(*b"Subj");

cases! {
    paged_memory_at_dispatch_level: Irql at "ExAllocatePoolWithTag" = Subject::entry(|_, wrong| {
        let before = call!(KfRaiseIrql(if wrong { 2 } else { 1 }));
        let block = call!(ExAllocatePoolWithTag(PagedPool, 8, TAG));
        call!(KeLowerIrql(before));
        call!(ExFreePoolWithTag(block, TAG));
    });

    level_left_raised: Irql at "DriverEntry" = Subject::entry(|_, wrong| {
        let before = call!(KfRaiseIrql(1));
        if !wrong {
            call!(KeLowerIrql(before));
        }
    });

    mutex_that_is_not_held: Lock at "ExReleaseFastMutex" = Subject::entry(|_, wrong| {
        let mutex = mutex();
        if !wrong {
            call!(ExAcquireFastMutex(mutex));
        }
        call!(ExReleaseFastMutex(mutex));
    });

    mutex_taken_twice: Lock at "ExAcquireFastMutex" = Subject::entry(|_, wrong| {
        let mutex = mutex();
        call!(ExAcquireFastMutex(mutex));
        if wrong {
            call!(ExAcquireFastMutex(mutex));
        }
        call!(ExReleaseFastMutex(mutex));
    });

    region_left_that_was_not_entered: CriticalRegion at "KeLeaveCriticalRegion" = Subject::entry(
        |_, wrong| {
            if !wrong {
                call!(KeEnterCriticalRegion());
            }
            call!(KeLeaveCriticalRegion());
        },
    );

    region_that_is_not_left: CriticalRegion at "DriverEntry" = Subject::entry(|_, wrong| {
        call!(KeEnterCriticalRegion());
        if !wrong {
            call!(KeLeaveCriticalRegion());
        }
    });
}

/// A fast mutex that is free, and lives as long as the process.
fn mutex() -> PFAST_MUTEX {
    // SAFETY: all-zero bytes are valid for these fields.
    let mut mutex: FAST_MUTEX = unsafe { MaybeUninit::zeroed().assume_init() };
    mutex.Count = 1;
    Box::leak(Box::new(UnsafeCell::new(mutex))).get()
}
