//! Semaphores.
//!
//! Page: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kereleasesemaphore> and
//! its neighbours.

use std::mem::offset_of;

use wdm_sys::{BOOLEAN, KPRIORITY};

use super::dispatcher::{Header, kind, read_state};
use crate::exports::exports;
use crate::machine::{current, irql};
use crate::verifier::Rule;

/// `KSEMAPHORE`.
#[repr(C)]
pub(super) struct Semaphore {
    header: Header,
    _waiters: [usize; 2],
    limit: i32,
}

const _: () = {
    assert!(offset_of!(Semaphore, limit) == 0x18);
    assert!(size_of::<Semaphore>() == 0x20);
};

exports! {
    /// Initialises a semaphore.
    [undeclared]
    fn KeInitializeSemaphore(semaphore: *mut Semaphore, count: i32, limit: i32) {
        if count < 0 || limit <= 0 || count > limit {
            let detail = format!("a count of {count} and a limit of {limit} do not go together");
            current(CALL).finding(Rule::Parameter, CALL, detail);
        }
        let new = Semaphore {
            header: Header::new(kind::SEMAPHORE, count),
            _waiters: [0; 2],
            limit,
        };
        // SAFETY: the caller gave memory for a semaphore, which nobody uses yet.
        unsafe { semaphore.write(new) };
    }

    /// Adds to the count of a semaphore; gives the one before.
    [undeclared]
    fn KeReleaseSemaphore(
        semaphore: *mut Semaphore,
        _increment: KPRIORITY,
        adjustment: i32,
        _wait: BOOLEAN,
    ) -> i32 {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let locked = thread.kernel().dispatcher.lock(semaphore.addr());
        // SAFETY: the caller gave an initialised semaphore; the lock orders this with other accesses.
        let semaphore = unsafe { &mut *semaphore };
        let (before, limit) = (semaphore.header.state, semaphore.limit);
        let after = before.checked_add(adjustment).filter(|&it| it <= limit && it > before);
        let Some(after) = after else {
            drop(locked);
            let detail = format!(
                "{adjustment} cannot be added to a count of {before} with the limit {limit}; NT \
                 raises STATUS_SEMAPHORE_LIMIT_EXCEEDED"
            );
            thread.finding(Rule::Parameter, CALL, detail);
            return before;
        };
        semaphore.header.state = after;
        locked.wake();
        before
    }

    /// The count of a semaphore.
    [undeclared]
    fn KeReadStateSemaphore(semaphore: *mut Semaphore) -> i32 {
        // SAFETY: the caller gave an initialised semaphore.
        unsafe { read_state(CALL, semaphore.cast()) }
    }
}
