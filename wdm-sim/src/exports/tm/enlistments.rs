//! Enlistments, as drivers call them: by handles (Zw*) and by objects (Tm*). What they answer to
//! notifications is in [`answers`](super::answers).
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwcreateenlistment>,
//! `nf-wdm-tmcreateenlistment` and their neighbours.

use std::sync::Arc;

use wdm_sys::{
    ACCESS_MASK, BOOLEAN, HANDLE, KPROCESSOR_MODE, LPGUID, NTSTATUS, PHANDLE, PLARGE_INTEGER,
    POBJECT_ATTRIBUTES, PULONG, PVOID, ULONG,
};

use super::transactions::tm_object;
use crate::cm::capture::{self, Input, Output};
use crate::cm::ops::Outcome;
use crate::exports::service::service;
use crate::exports::{exports, ntstatus};
use crate::machine::{Mode, Thread, current, irql};
use crate::object::{Body, Handle, ObjectType};
use crate::status::Status;
use crate::tm::{self, ENLISTMENT_RECOVER, Enlistment};

exports! {
    /// Enlists a resource manager in a transaction.
    [undeclared]
    fn ZwCreateEnlistment(
        handle: PHANDLE,
        access: ACCESS_MASK,
        resource_manager: HANDLE,
        transaction: HANDLE,
        attributes: POBJECT_ATTRIBUTES,
        options: ULONG,
        mask: ULONG,
        key: PVOID,
    ) -> NTSTATUS {
        let key = key.expose_provenance();
        let creation = tm::EnlistmentCreation { access, attributes, options, mask, key };
        service(CALL, |thread| {
            let parties = [resource_manager, transaction];
            // SAFETY: the caller vouches for its parameters.
            unsafe { tm::create_enlistment(thread, CALL, handle, parties, creation) }
        })
    }

    /// Enlists a resource manager in a transaction.
    [undeclared]
    fn TmCreateEnlistment(
        handle: PHANDLE,
        mode: KPROCESSOR_MODE,
        access: ACCESS_MASK,
        attributes: POBJECT_ATTRIBUTES,
        resource_manager: PVOID,
        transaction: PVOID,
        options: ULONG,
        mask: ULONG,
        key: PVOID,
    ) -> NTSTATUS {
        let key = key.expose_provenance();
        let creation = tm::EnlistmentCreation { access, attributes, options, mask, key };
        let mode = if mode == 0 { Mode::Kernel } else { Mode::User };
        service(CALL, |thread| {
            let kind = ObjectType::ResourceManager;
            let manager = tm_object(thread, CALL, resource_manager, kind)?;
            let transaction = tm_object(thread, CALL, transaction, ObjectType::Transaction)?;
            let parties = [&*manager, &*transaction];
            thread.with_previous_mode(mode, || {
                // SAFETY: the caller vouches for its parameters.
                unsafe { tm::enlist(thread, CALL, handle, parties, creation) }
            })
        })
    }

    /// Opens an enlistment by its identifier.
    [undeclared]
    fn ZwOpenEnlistment(
        handle: PHANDLE,
        access: ACCESS_MASK,
        resource_manager: HANDLE,
        id: LPGUID,
        attributes: POBJECT_ATTRIBUTES,
    ) -> NTSTATUS {
        let opening = tm::Opening { handle, access, attributes, id };
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { tm::open_enlistment(thread, opening, resource_manager) })
    }

    /// Tells about an enlistment.
    [undeclared]
    fn ZwQueryInformationEnlistment(
        handle: HANDLE,
        class: u32,
        information: PVOID,
        length: ULONG,
        result_length: PULONG,
    ) -> NTSTATUS {
        let output = Output { address: information, length };
        let query = tm::Query { class, output, length: result_length };
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { tm::query_enlistment(thread, handle, query) })
    }

    /// Sets an enlistment's recovery information.
    [undeclared]
    fn ZwSetInformationEnlistment(
        handle: HANDLE,
        class: u32,
        information: PVOID,
        length: ULONG,
    ) -> NTSTATUS {
        let input = Input { address: information, length };
        // SAFETY: the caller vouches for its parameters.
        service(CALL, |thread| unsafe { tm::set_enlistment(thread, handle, class, input) })
    }

    /// Asks for the outcome of a transaction in recovery.
    [undeclared]
    fn ZwRecoverEnlistment(handle: HANDLE, _key: PVOID) -> NTSTATUS {
        let enlistment = By::Handle(handle, ENLISTMENT_RECOVER);
        // SAFETY: no clock is given.
        unsafe { with(CALL, enlistment, std::ptr::null(), |_, one| tm::recover_enlistment(one)) }
    }

    /// Asks for the outcome of a transaction in recovery.
    [undeclared]
    fn TmRecoverEnlistment(enlistment: PVOID, _key: PVOID) -> NTSTATUS {
        let enlistment = By::Object(enlistment);
        // SAFETY: no clock is given.
        unsafe { with(CALL, enlistment, std::ptr::null(), |_, one| tm::recover_enlistment(one)) }
    }

    /// References an enlistment's key.
    [undeclared]
    fn TmReferenceEnlistmentKey(enlistment: PVOID, key: *mut PVOID) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        if key.is_null() {
            return Status::INVALID_PARAMETER.0;
        }
        let found = of(&thread, CALL, By::Object(enlistment), |one| one.reference_key());
        ntstatus(found.map(|found| {
            // SAFETY: the caller gave a place for it.
            unsafe { capture::write(key, std::ptr::with_exposed_provenance_mut(found)) };
        }))
    }

    /// Gives back a reference to an enlistment's key, and says whether it was the last.
    [undeclared]
    fn TmDereferenceEnlistmentKey(enlistment: PVOID, last: *mut BOOLEAN) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let found = of(&thread, CALL, By::Object(enlistment), |one| one.dereference_key());
        ntstatus(found.map(|was_last| {
            // SAFETY: the caller gave a place for it, or NULL.
            unsafe { capture::write(last, was_last.into()) };
        }))
    }

    /// Asks for an outcome now.
    [undeclared]
    fn TmRequestOutcomeEnlistment(enlistment: PVOID, clock: PLARGE_INTEGER) -> NTSTATUS {
        let work = |_: &Thread, one: &Arc<Enlistment>| done(tm::request_outcome(one));
        // SAFETY: the caller vouches for its parameters.
        unsafe { with(CALL, By::Object(enlistment), clock.cast(), work) }
    }
}

/// How a driver names an enlistment.
#[derive(Clone, Copy)]
pub(super) enum By {
    /// By a handle, which a caller in user mode needs rights for.
    Handle(HANDLE, u32),
    /// By its object.
    Object(PVOID),
}

/// Works with an enlistment, whose transaction manager's clock is set to the driver's, if it gave
/// one.
///
/// # Safety
/// `clock` is null or valid for reads.
pub(super) unsafe fn with(
    call: &'static str,
    enlistment: By,
    clock: *const i64,
    work: impl FnOnce(&Thread, &Arc<Enlistment>) -> Outcome,
) -> NTSTATUS {
    let clock = match clock.is_null() {
        true => None,
        // SAFETY: by this function's contract.
        false => Some(unsafe { clock.read_unaligned() }),
    };
    service(call, |thread| {
        of(thread, call, enlistment, |enlistment| {
            if let Some(clock) = clock {
                enlistment.resource_manager().manager().set_clock(clock);
            }
            work(thread, enlistment)
        })
    })
}

/// Works with an enlistment.
fn of<T>(
    thread: &Thread,
    call: &'static str,
    enlistment: By,
    work: impl FnOnce(&Arc<Enlistment>) -> Result<T, Status>,
) -> Result<T, Status> {
    let object = match enlistment {
        By::Handle(handle, access) => {
            let handle = Handle::from_raw(handle);
            thread.reference_by_handle(call, handle, ObjectType::Enlistment, access)?
        }
        By::Object(object) => tm_object(thread, call, object, ObjectType::Enlistment)?,
    };
    match object.body() {
        Body::Enlistment(enlistment) => work(enlistment),
        _ => Err(Status::OBJECT_TYPE_MISMATCH),
    }
}

/// Success, for what gives nothing else.
pub(super) fn done(result: Result<(), Status>) -> Outcome {
    result.map(|()| Status::SUCCESS)
}
