//! Callbacks for handles to processes, threads and desktops, which drivers that protect their own
//! processes register next to their registry callback.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-obregistercallbacks>,
//! `ns-wdm-_ob_callback_registration`, `ns-wdm-_ob_operation_registration` there. They are registered
//! and never called: programs here open handles of other types only.

use std::mem::offset_of;

use wdm_sys::{NTSTATUS, POBJECT_TYPE, PVOID, UNICODE_STRING};

use crate::cm::Altitude;
use crate::exports::data::has_handle_callbacks;
use crate::exports::{exports, text};
use crate::machine::{current, irql};
use crate::status::Status;
use crate::verifier::Rule;

/// `OB_FLT_REGISTRATION_VERSION`.
const VERSION: u16 = 0x100;
/// `OB_OPERATION_HANDLE_CREATE` and `OB_OPERATION_HANDLE_DUPLICATE`.
const OPERATIONS: u32 = 3;

/// `OB_CALLBACK_REGISTRATION`.
#[repr(C)]
pub(super) struct Registration {
    version: u16,
    count: u16,
    altitude: UNICODE_STRING,
    context: PVOID,
    operations: *const Operation,
}

/// `OB_OPERATION_REGISTRATION`.
#[repr(C)]
struct Operation {
    object_type: *const POBJECT_TYPE,
    operations: u32,
    before: usize,
    after: usize,
}

const _: () = {
    assert!(offset_of!(Registration, context) == 0x18);
    assert!(size_of::<Registration>() == 0x28);
    assert!(size_of::<Operation>() == 0x20);
};

exports! {
    /// Registers callbacks; `handle` gets what unregisters them.
    [undeclared]
    fn ObRegisterCallbacks(registration: *const Registration, handle: *mut PVOID) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        // SAFETY: the caller gave a registration.
        let registration = unsafe { &*registration };
        // SAFETY: as above.
        if !unsafe { is_valid(registration) } {
            return Status::INVALID_PARAMETER.0;
        }
        // SAFETY: as above.
        let altitude = unsafe { text(&raw const registration.altitude) }.unwrap_or_default();
        let Ok(altitude) = Altitude::try_from(altitude) else {
            let detail = "the altitude is no decimal number";
            thread.finding(Rule::Parameter, CALL, detail);
            return Status::INVALID_PARAMETER.0;
        };
        let callbacks = &thread.kernel().object_callbacks;
        let Some(new) = callbacks.register(altitude, thread.caller().driver) else {
            return Status::FLT_INSTANCE_ALTITUDE_COLLISION.0;
        };
        // SAFETY: the caller gave a place for the handle.
        unsafe { handle.write(std::ptr::without_provenance_mut(new)) };
        Status::SUCCESS.0
    }

    /// Ends a registration.
    [undeclared]
    fn ObUnRegisterCallbacks(handle: PVOID) {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        if !thread.kernel().object_callbacks.unregister(handle.addr()) {
            let detail = format!("{handle:p} is no registration, or has ended already");
            thread.finding(Rule::ObjectCallbacks, CALL, detail);
        }
    }

    /// The version of registrations.
    [undeclared]
    fn ObGetFilterVersion() -> u16 {
        VERSION
    }
}

/// Whether the version is right and there are operations, each of which names a type that has
/// callbacks, something to be told of, and somebody to be told.
///
/// # Safety
/// The registration's operations are there.
unsafe fn is_valid(registration: &Registration) -> bool {
    if registration.version != VERSION || registration.count == 0 {
        return false;
    }
    (0..usize::from(registration.count)).all(|at| {
        // SAFETY: by this function's contract.
        let operation = unsafe { &*registration.operations.wrapping_add(at) };
        // SAFETY: as above; it is one of the kernel's variables, or null.
        let object_type = unsafe { operation.object_type.as_ref() };
        object_type.is_some_and(|&it| has_handle_callbacks(it))
            && operation.operations & OPERATIONS != 0
            && operation.operations & !OPERATIONS == 0
            && (operation.before != 0 || operation.after != 0)
    })
}
