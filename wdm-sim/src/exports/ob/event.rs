//! Event objects behind handles.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-zwcreateevent>,
//! `nf-ntifs-zwwaitforsingleobject`, `nf-ntifs-zwsetevent`. They have no names here.

use wdm_sys::{
    ACCESS_MASK, BOOLEAN, EVENT_TYPE, HANDLE, NTSTATUS, NotificationEvent, PHANDLE, PLARGE_INTEGER,
    POBJECT_ATTRIBUTES, SynchronizationEvent,
};

use crate::exports::exports;
use crate::exports::ke::wait::{STATUS_TIMEOUT, begin};
use crate::exports::ob::objects as ob;
use crate::machine::{Thread, current, irql};
use crate::object::{Body, EventObject, Handle, ObjectRef};
use crate::status::Status;
use crate::verifier::Rule;

exports! {
    /// Makes an event without a name; one that is to have a name is answered with
    /// `STATUS_NOT_IMPLEMENTED`.
    fn ZwCreateEvent(
        handle: PHANDLE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        kind: EVENT_TYPE,
        state: BOOLEAN,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        // SAFETY: the caller gave attributes, or null.
        let attributes = unsafe { attributes.as_ref() };
        if attributes.is_some_and(|given| !given.ObjectName.is_null()) {
            return Status::NOT_IMPLEMENTED.0;
        }
        if kind != NotificationEvent && kind != SynchronizationEvent {
            return Status::INVALID_PARAMETER.0;
        }
        let kernel = thread.kernel();
        let event = EventObject::new(kind == SynchronizationEvent, state != 0);
        let object = kernel.objects.create(kernel, Body::Event(event));
        let flags = attributes.map_or(0, |given| given.Attributes);
        match ob::open(&thread, object, access, flags) {
            Ok(new) => {
                // SAFETY: the caller gave a place for the handle.
                unsafe { handle.write(new.as_raw()) };
                Status::SUCCESS.0
            }
            Err(status) => status.0,
        }
    }

    /// Waits until an event is signalled or a thread has ended, or until the time is over.
    fn ZwWaitForSingleObject(
        handle: HANDLE,
        _alertable: BOOLEAN,
        timeout: PLARGE_INTEGER,
    ) -> NTSTATUS {
        let thread = current(CALL);
        // SAFETY: the caller gave a time, or null.
        let deadline = unsafe { begin(&thread, CALL, timeout) };
        let object = match by_handle(&thread, CALL, handle) {
            Ok(object) => object,
            Err(status) => return status.0,
        };
        let kernel = thread.kernel();
        let signalled = match object.body() {
            Body::Event(event) => event.wait(kernel, deadline),
            Body::Thread(other) => other.wait(kernel, deadline),
            _ => return Status::OBJECT_TYPE_MISMATCH.0,
        };
        if signalled { Status::SUCCESS.0 } else { STATUS_TIMEOUT }
    }

    /// Signals an event.
    [undeclared]
    fn ZwSetEvent(handle: HANDLE, before: *mut i32) -> NTSTATUS {
        // SAFETY: the caller gave a place for the state before, or null.
        unsafe { change(CALL, handle, before, true) }
    }

    /// Resets an event.
    [undeclared]
    fn ZwResetEvent(handle: HANDLE, before: *mut i32) -> NTSTATUS {
        // SAFETY: the caller gave a place for the state before, or null.
        unsafe { change(CALL, handle, before, false) }
    }

    /// Resets an event.
    [undeclared]
    fn ZwClearEvent(handle: HANDLE) -> NTSTATUS {
        // SAFETY: null is allowed.
        unsafe { change(CALL, handle, std::ptr::null_mut(), false) }
    }
}

/// # Safety
/// `before` is null or valid for writes.
unsafe fn change(call: &'static str, handle: HANDLE, before: *mut i32, state: bool) -> NTSTATUS {
    let thread = current(call);
    thread.require_irql(irql::PASSIVE_LEVEL, call);
    let object = match by_handle(&thread, call, handle) {
        Ok(object) => object,
        Err(status) => return status.0,
    };
    let Body::Event(event) = object.body() else {
        return Status::OBJECT_TYPE_MISMATCH.0;
    };
    let was = event.set(thread.kernel(), state);
    if !before.is_null() {
        // SAFETY: by this function's contract.
        unsafe { before.write(was.into()) };
    }
    Status::SUCCESS.0
}

fn by_handle<'t>(
    thread: &'t Thread,
    call: &'static str,
    handle: HANDLE,
) -> Result<ObjectRef<'t>, Status> {
    let handle = Handle::from_raw(handle);
    let found = thread.reference_handle(handle);
    found.map(|(object, _)| object).ok_or_else(|| {
        let detail = format!("handle {:#x} is not open in this process", handle.0);
        thread.finding(Rule::Handle, call, detail);
        Status::INVALID_HANDLE
    })
}
