//! The executive's routines for callback objects.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-excreatecallback> and
//! its neighbours, <https://learn.microsoft.com/windows-hardware/drivers/kernel/callback-objects>.

use std::ptr::{null_mut, without_provenance_mut};

use wdm_sys::{
    BOOLEAN, HANDLE, NTSTATUS, OBJ_CASE_INSENSITIVE, OBJ_PERMANENT, PCALLBACK_FUNCTION,
    PCALLBACK_OBJECT, POBJECT_ATTRIBUTES, PVOID,
};

use crate::call::Code;
use crate::callback_object::{self, Creation, Function, NotUnregistered};
use crate::exports::ob::objects::{hand_over, live_object};
use crate::exports::{exports, text};
use crate::machine::{Counter, Thread, current, irql};
use crate::object::{Body, Handle, ObjectRef};
use crate::status::Status;
use crate::verifier::Rule;

/// Bug check `THREAD_STUCK_IN_DEVICE_DRIVER`.
const THREAD_STUCK_IN_DEVICE_DRIVER: u32 = 0xEA;

exports! {
    /// Opens a callback object by its name, or makes it, and references it.
    fn ExCreateCallback(
        object: *mut PCALLBACK_OBJECT,
        attributes: POBJECT_ATTRIBUTES,
        create: BOOLEAN,
        many: BOOLEAN,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave a place for the object.
        unsafe { object.write(null_mut()) };
        // SAFETY: the caller gave initialised attributes.
        let Some(attributes) = (unsafe { attributes.as_ref() }) else {
            return Status::UNSUCCESSFUL.0;
        };
        // SAFETY: as above.
        let name = unsafe { text(attributes.ObjectName) }.filter(|name| !name.is_empty());
        let Some(name) = name else {
            thread.finding(Rule::CallbackObject, CALL, "the object has no name; give it one");
            return Status::UNSUCCESSFUL.0;
        };
        if fails(&thread) {
            return Status::INSUFFICIENT_RESOURCES.0;
        }
        let wanted = Creation {
            name,
            any_case: attributes.Attributes & OBJ_CASE_INSENSITIVE != 0,
            permanent: attributes.Attributes & OBJ_PERMANENT != 0,
            create: (create != 0).then_some(many != 0),
        };
        let kernel = thread.kernel();
        match kernel.callback_objects.open(kernel, thread.caller().driver, &wanted) {
            Ok(found) => {
                let address = hand_over(&thread, found).address();
                // SAFETY: as above.
                unsafe { object.write(without_provenance_mut(address)) };
                Status::SUCCESS.0
            }
            Err(status) => status.0,
        }
    }

    /// Registers a callback with an object; NULL if the object takes one only and has it.
    fn ExRegisterCallback(
        object: PCALLBACK_OBJECT,
        function: PCALLBACK_FUNCTION,
        context: PVOID,
    ) -> PVOID {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        let Some(object) = callback_object(&thread, CALL, object) else {
            return null_mut();
        };
        let Some(function) = function else {
            thread.finding(Rule::Parameter, CALL, "CallbackFunction is NULL; pass the callback");
            return null_mut();
        };
        if fails(&thread) {
            return null_mut();
        }
        let function = Function {
            code: Code {
                address: (function as *const ()).expose_provenance(),
                caller: thread.caller(),
            },
            context: context.expose_provenance(),
        };
        callback_object::register(object, function).map_or(null_mut(), without_provenance_mut)
    }

    /// Unregisters a callback, after its calls in flight. Inside the callback it would wait for
    /// itself, for ever: the machine stops.
    fn ExUnregisterCallback(registration: PVOID) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        match callback_object::unregister(&thread, registration.addr()) {
            Ok(()) => {}
            Err(NotUnregistered::Unknown) => {
                let detail = format!("{registration:p} is no registration; pass what \
                                      ExRegisterCallback gave, once");
                thread.finding(Rule::CallbackObject, CALL, detail);
            }
            Err(NotUnregistered::Inside) => thread.bug_check(
                CALL,
                THREAD_STUCK_IN_DEVICE_DRIVER,
                [0; 4],
                "called from inside the callback that it is to unregister, which deadlocks on NT",
            ),
        }
    }

    /// Calls all callbacks of an object, in the order of their registration, at the caller's level.
    fn ExNotifyCallback(object: PCALLBACK_OBJECT, first: PVOID, second: PVOID) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let Some(object) = callback_object(&thread, CALL, object) else {
            return;
        };
        if let Body::Callback(callbacks) = object.body()
            && callbacks.is_system()
        {
            let detail = format!("{} is the system's; drivers must not notify it", callbacks.name());
            thread.finding(Rule::CallbackObject, CALL, detail);
        }
        let (first, second) = (first.expose_provenance(), second.expose_provenance());
        callback_object::notify(&thread, &object, first, second);
    }

    /// Makes an object temporary: it has its name as long as a handle to it is open.
    fn ZwMakeTemporaryObject(handle: HANDLE) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        let Some((object, _)) = thread.reference_handle(Handle::from_raw(handle)) else {
            let detail = format!("handle {handle:p} is not open in this process");
            thread.finding(Rule::Handle, CALL, detail);
            return Status::INVALID_HANDLE.0;
        };
        let kernel = thread.kernel();
        kernel.callback_objects.make_temporary(kernel, &object);
        Status::SUCCESS.0
    }
}

/// Whether this call is to fail for want of memory.
pub(in crate::exports) fn fails(thread: &Thread) -> bool {
    let kernel = thread.kernel();
    let fails = kernel.pool.must_fail();
    if fails {
        kernel.counters.count(Counter::InjectedFailures);
    }
    fails
}

/// References the callback object that a driver names; none, with a finding, if it is none.
fn callback_object<'t>(
    thread: &'t Thread,
    call: &'static str,
    object: PCALLBACK_OBJECT,
) -> Option<ObjectRef<'t>> {
    let object = live_object(thread, call, object.cast()).ok()?;
    if matches!(object.body(), Body::Callback(_)) {
        return Some(object);
    }
    let detail = format!(
        "a {} was passed for a callback object",
        object.object_type()
    );
    thread.finding(Rule::CallbackObject, call, detail);
    None
}
