//! How a resource manager gets its notifications (T10).

use wdm_sys::{HANDLE, PULONG, PVOID};

use super::effects::call_back;
use super::resource_manager::{NoNotification, Queued};
use super::types::{RESOURCEMANAGER_GET_NOTIFICATION, TransactionNotification};
use super::{ResourceManager, Step, answers};
use crate::call::Code;
use crate::cm::capture::{self, Output};
use crate::cm::ops::Outcome;
use crate::machine::Thread;
use crate::object::{Body, Handle, ObjectType};
use crate::status::Status;
use crate::verifier::Rule;

/// `TmEnableCallbacks`. Notifications that have waited are delivered at once.
///
/// # Errors
/// `STATUS_UNSUCCESSFUL` without a routine, and, with a finding, if there is one already.
pub(crate) fn enable_callbacks(
    thread: &Thread,
    call: &'static str,
    resource_manager: &ResourceManager,
    routine: usize,
    key: usize,
) -> Outcome {
    if routine == 0 {
        return Err(Status::UNSUCCESSFUL);
    }
    let code = Code {
        address: routine,
        caller: thread.caller(),
    };
    let waited = resource_manager.enable(code, key).inspect_err(|_| {
        let detail = "the resource manager has a callback routine already; it can have one";
        thread.finding(Rule::T10, call, detail);
    })?;
    for notification in waited {
        let kernel = thread.kernel();
        // Keeps the object while the routine runs.
        let object = kernel.objects.reference(kernel, notification.enlistment);
        let status = call_back(thread, resource_manager, &notification);
        let enlistment = object.as_ref().map(|object| object.body());
        if let (Some(status), Some(Body::Enlistment(enlistment))) = (status, enlistment) {
            let step = Step::asked_by(notification.notification);
            answers::called_back(kernel, enlistment, step, status);
        }
    }
    Ok(Status::SUCCESS)
}

/// `ZwGetNotificationResourceManager`.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn get_notification(
    thread: &Thread,
    handle: HANDLE,
    buffer: Output,
    timeout: Option<std::time::Instant>,
    length: PULONG,
    asynchronous: (u32, PVOID),
) -> Outcome {
    const CALL: &str = "ZwGetNotificationResourceManager";
    let object = thread.reference_by_handle(
        CALL,
        Handle::from_raw(handle),
        ObjectType::ResourceManager,
        RESOURCEMANAGER_GET_NOTIFICATION,
    )?;
    let Body::ResourceManager(resource_manager) = object.body() else {
        return Err(Status::OBJECT_TYPE_MISMATCH);
    };
    if asynchronous.0 != 0 || !asynchronous.1.is_null() {
        let detail = "Asynchronous must be 0 and AsynchronousContext NULL; call TmEnableCallbacks";
        thread.finding(Rule::T10, CALL, detail);
        return Err(Status::INVALID_PARAMETER);
    }
    let header = size_of::<TransactionNotification>();
    let needed = |queued: &Queued| header + queued.argument.len();
    match resource_manager.next(timeout, buffer.length as usize, needed) {
        Ok(next) => {
            let notification = TransactionNotification {
                key: next.key,
                notification: next.notification,
                clock: next.clock,
                argument_length: next.argument.len() as u32,
            };
            // SAFETY: the caller gave room for it, which `next` has compared.
            unsafe { capture::write(buffer.address.cast(), notification) };
            let rest = Output {
                address: buffer.address.cast::<u8>().wrapping_add(header).cast(),
                length: next.argument.len() as u32,
            };
            // SAFETY: as above.
            unsafe { rest.put(&next.argument) }?;
            Ok(Status::SUCCESS)
        }
        Err(NoNotification::TimedOut) => Ok(Status::TIMEOUT),
        Err(NoNotification::TooLong(needed)) => {
            // SAFETY: the caller gave a place for the length, or NULL.
            unsafe { capture::write(length, needed as u32) };
            Err(Status::BUFFER_TOO_SMALL)
        }
        Err(NoNotification::HasCallback) => {
            let detail = "the resource manager's notifications go to its callback routine";
            thread.finding(Rule::T10, CALL, detail);
            Err(Status::INVALID_PARAMETER)
        }
        Err(NoNotification::Offline) => Err(Status::TRANSACTIONMANAGER_NOT_ONLINE),
    }
}
