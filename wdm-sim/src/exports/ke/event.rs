//! The kernel proper: levels, critical regions, events, waiting, the bug check.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kewaitforsingleobject>
//! and its neighbours.

use std::time::{Duration, Instant};

use wdm_sys::{
    BOOLEAN, EVENT_TYPE, KIRQL, KPRIORITY, KPROCESSOR_MODE, KWAIT_REASON, LARGE_INTEGER, NTSTATUS,
    NotificationEvent, PLARGE_INTEGER, PRKEVENT, PVOID, SynchronizationEvent,
};

use crate::exports::exports;
use crate::exports::ke::wait;
use crate::exports::ob::objects::live_object;
use crate::machine::{Thread, current, irql};
use crate::object::{Body, EventObject, Manager};
use crate::registry::system_time;
use crate::status::Status;
use crate::verifier::Rule;

/// The waiting time has passed (`STATUS_TIMEOUT`, a success).
pub(in crate::exports) const STATUS_TIMEOUT: NTSTATUS = 0x102;
/// 100 ns units in a second.
const UNITS_PER_SECOND: u64 = 10_000_000;

/// The part of a `KEVENT`, and of a `KTIMER`, that is used here; the rest of its header is the list of waiters.
#[repr(C)]
pub(super) struct Event {
    kind: u8,
    _reserved: [u8; 3],
    /// Greater than zero if signalled.
    pub(super) state: i32,
}

exports! {
    /// The current interrupt request level.
    fn KeGetCurrentIrql() -> KIRQL {
        current(CALL).irql()
    }

    /// Raises the level and gives the one before.
    [undeclared]
    fn KfRaiseIrql(level: KIRQL) -> KIRQL {
        let thread = current(CALL);
        if level < thread.irql() {
            let detail = format!("{} is to be raised to {level}", thread.irql());
            thread.finding(Rule::Irql, CALL, detail);
        }
        thread.set_irql(level)
    }

    /// Raises the level to DISPATCH_LEVEL and gives the one before.
    [undeclared]
    fn KeRaiseIrqlToDpcLevel() -> KIRQL {
        current(CALL).set_irql(irql::DISPATCH_LEVEL)
    }

    /// Restores a level.
    [undeclared]
    fn KeLowerIrql(level: KIRQL) {
        let thread = current(CALL);
        if level > thread.irql() {
            let detail = format!("{} is to be lowered to {level}", thread.irql());
            thread.finding(Rule::Irql, CALL, detail);
        }
        thread.set_irql(level);
    }

    /// Holds off normal kernel APCs until [`KeLeaveCriticalRegion`].
    fn KeEnterCriticalRegion() {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        thread.set_critical_regions(thread.critical_regions() + 1);
    }

    /// Ends a critical region.
    fn KeLeaveCriticalRegion() {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        match thread.critical_regions().checked_sub(1) {
            Some(depth) => thread.set_critical_regions(depth),
            None => {
                let detail = "called outside a critical region; call KeEnterCriticalRegion first";
                thread.finding(Rule::CriticalRegion, CALL, detail);
            }
        }
    }

    /// Initialises an event.
    fn KeInitializeEvent(event: PRKEVENT, kind: EVENT_TYPE, state: BOOLEAN) {
        if kind != NotificationEvent && kind != SynchronizationEvent {
            let detail = format!("{kind} is no type of event");
            current(CALL).finding(Rule::Parameter, CALL, detail);
        }
        let new = Event {
            kind: kind as u8,
            _reserved: [0; 3],
            state: i32::from(state != 0),
        };
        // SAFETY: the caller gave memory for an event, which nobody uses yet.
        unsafe { event.cast::<Event>().write(new) };
    }

    /// Signals an event; gives its state before, not 0 if it was signalled.
    fn KeSetEvent(event: PRKEVENT, _increment: KPRIORITY, _wait: BOOLEAN) -> i32 {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        // SAFETY: the caller gave an initialised event.
        unsafe { set_state(&thread, CALL, event, 1) }
    }

    /// Resets an event; gives its state before.
    [undeclared]
    fn KeResetEvent(event: PRKEVENT) -> i32 {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        // SAFETY: the caller gave an initialised event.
        unsafe { set_state(&thread, CALL, event, 0) }
    }

    /// Resets an event.
    fn KeClearEvent(event: PRKEVENT) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        // SAFETY: the caller gave an initialised event.
        unsafe { set_state(&thread, CALL, event, 0) };
    }

    /// The state of an event: not 0 if it is signalled.
    [undeclared]
    fn KeReadStateEvent(event: PRKEVENT) -> i32 {
        let thread = current(CALL);
        if Manager::was_object(event.addr()) {
            return with_object(&thread, CALL, event, EventObject::is_set);
        }
        let _locked = thread.kernel().dispatcher.lock(event.addr());
        // SAFETY: the caller gave an initialised event; the lock orders this with its changes.
        unsafe { (*event.cast::<Event>()).state }
    }

    /// Waits until an object is signalled or a thread has ended, or until the time is over.
    fn KeWaitForSingleObject(
        object: PVOID,
        _reason: KWAIT_REASON,
        _mode: KPROCESSOR_MODE,
        _alertable: BOOLEAN,
        timeout: PLARGE_INTEGER,
    ) -> NTSTATUS {
        let thread = current(CALL);
        // SAFETY: the caller gave a time, or null.
        let timeout = unsafe { timeout.as_ref() };
        // SAFETY: all the union's members are made of the same 64 bits.
        let timeout = timeout.map(|time| unsafe { time.QuadPart });
        // A thread that does not wait may ask at DISPATCH_LEVEL.
        let highest = if timeout == Some(0) { irql::DISPATCH_LEVEL } else { irql::APC_LEVEL };
        thread.require_irql(highest, CALL);
        let deadline = timeout.map(deadline);
        let kernel = thread.kernel();
        let signalled = match kernel.objects.reference(kernel, object.addr()) {
            Some(object) => match object.body() {
                Body::Thread(other) => other.wait(kernel, deadline),
                Body::Event(event) => event.wait(kernel, deadline),
                _ => {
                    let detail = format!("a {} cannot be waited for here", object.object_type());
                    thread.finding(Rule::Parameter, CALL, detail);
                    return Status::OBJECT_TYPE_MISMATCH.0;
                }
            },
            // SAFETY: what is no object of the object manager is one in the driver's memory.
            None => unsafe { wait(&thread, object.cast(), deadline) },
        };
        if signalled { Status::SUCCESS.0 } else { STATUS_TIMEOUT }
    }

    /// Waits for a while.
    fn KeDelayExecutionThread(
        _mode: KPROCESSOR_MODE,
        _alertable: BOOLEAN,
        interval: PLARGE_INTEGER,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave a time.
        let interval = unsafe { interval.as_ref() };
        // SAFETY: all the union's members are made of the same 64 bits.
        let Some(interval) = interval.map(|time| unsafe { time.QuadPart }) else {
            thread.finding(Rule::Parameter, CALL, "the interval is NULL");
            return Status::INVALID_PARAMETER.0;
        };
        if let Some(left) = deadline(interval).checked_duration_since(Instant::now()) {
            std::thread::sleep(left);
        }
        Status::SUCCESS.0
    }

    /// The system time: 100 ns units since 1601, UTC.
    [undeclared]
    fn KeQuerySystemTimePrecise(time: PLARGE_INTEGER) {
        let now = LARGE_INTEGER { QuadPart: system_time() as i64 };
        // SAFETY: the caller gave a place for the time.
        unsafe { time.write(now) };
    }

    /// Stops the machine. Driver code cannot be unwound, so the process ends: with the builder's
    /// `on_bug_check` hook if there is one, with one line on the standard error otherwise.
    fn KeBugCheckEx(code: u32, p1: u64, p2: u64, p3: u64, p4: u64) -> ! {
        current(CALL).bug_check(CALL, code, [p1, p2, p3, p4], "")
    }

    /// Stops the machine; see [`KeBugCheckEx`].
    [undeclared]
    fn KeBugCheck(code: u32) -> ! {
        current(CALL).bug_check(CALL, code, [0; 4], "")
    }
}

/// Does something with an event of the object manager, which a driver knows by the address that
/// `ObReferenceObjectByHandle` gave it.
fn with_object(
    thread: &Thread,
    call: &'static str,
    event: PRKEVENT,
    body: impl FnOnce(&EventObject) -> bool,
) -> i32 {
    let Ok(object) = live_object(thread, call, event.cast()) else {
        return 0;
    };
    let Body::Event(event) = object.body() else {
        let detail = format!("a {} is no event", object.object_type());
        thread.finding(Rule::Parameter, call, detail);
        return 0;
    };
    body(event).into()
}

/// Changes an event's state; gives the one before.
///
/// # Safety
/// `event` leads to an initialised event, or is one of the object manager's.
unsafe fn set_state(thread: &Thread, call: &'static str, event: PRKEVENT, state: i32) -> i32 {
    if Manager::was_object(event.addr()) {
        return with_object(thread, call, event, |event| {
            event.set(thread.kernel(), state != 0)
        });
    }
    let event = event.cast::<Event>();
    let locked = thread.kernel().dispatcher.lock(event.addr());
    // SAFETY: by this function's contract; the lock orders this with the other routines here.
    let before = unsafe { (*event).state };
    // SAFETY: as above.
    unsafe { (*event).state = state };
    locked.wake();
    before
}

/// Signals an event for the I/O manager.
///
/// # Safety
/// `event` leads to an initialised event.
pub(crate) unsafe fn signal(thread: &Thread, call: &'static str, event: PRKEVENT) {
    // SAFETY: by this function's contract.
    unsafe { set_state(thread, call, event, 1) };
}

/// Waits for an object in a driver's memory; says whether it was signalled in time.
///
/// # Safety
/// `object` leads to an initialised object that outlives the wait.
unsafe fn wait(thread: &Thread, object: *mut wait::Header, deadline: Option<Instant>) -> bool {
    let locked = thread.kernel().dispatcher.lock(object.addr());
    // SAFETY: by this function's contract; the lock is held whenever this runs.
    let is_ready = || unsafe { wait::is_ready(object, thread) };
    let Some(_locked) = locked.wait_until(deadline, is_ready) else {
        return false;
    };
    // SAFETY: as above.
    unsafe { wait::take(object, thread) };
    true
}

/// When a waiting time is over: negative is relative, in 100 ns units, positive a system time.
pub(in crate::exports) fn deadline(timeout: i64) -> Instant {
    let units = match timeout {
        ..=0 => timeout.unsigned_abs(),
        _ => timeout.unsigned_abs().saturating_sub(system_time()),
    };
    let seconds = units / UNITS_PER_SECOND;
    let nanoseconds = (units % UNITS_PER_SECOND) as u32 * 100;
    let now = Instant::now();
    // What is too far away for the host's clock never comes.
    now.checked_add(Duration::new(seconds, nanoseconds))
        .unwrap_or_else(|| now + Duration::from_secs(u64::from(u32::MAX)))
}
