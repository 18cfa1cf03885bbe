//! Events in drivers' memory, and by the addresses of event objects.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinitializeevent>,
//! `nf-wdm-kesetevent` and their neighbours.

use wdm_sys::{BOOLEAN, EVENT_TYPE, KPRIORITY, NotificationEvent, PRKEVENT, SynchronizationEvent};

use super::dispatcher::{Header, read_state};
use crate::exports::exports;
use crate::exports::ob::objects::live_object;
use crate::machine::{Thread, current, irql};
use crate::object::{Body, EventObject, Manager};
use crate::verifier::Rule;

exports! {
    /// Initialises an event.
    fn KeInitializeEvent(event: PRKEVENT, kind: EVENT_TYPE, state: BOOLEAN) {
        if kind != NotificationEvent && kind != SynchronizationEvent {
            let detail = format!("{kind} is no type of event");
            current(CALL).finding(Rule::Parameter, CALL, detail);
        }
        let new = Header::new(kind as u8, i32::from(state != 0));
        // SAFETY: the caller gave memory for an event, which nobody uses yet.
        unsafe { event.cast::<Header>().write(new) };
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
        // SAFETY: the caller gave an initialised event.
        unsafe { read_state(CALL, event.cast()) }
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
    let event = event.cast::<Header>();
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
