//! Asking for change notification.

use wdm_sys::{
    HANDLE, KEY_NOTIFY, PIO_STATUS_BLOCK, REG_NOTIFY_CHANGE_ATTRIBUTES, REG_NOTIFY_CHANGE_LAST_SET,
    REG_NOTIFY_CHANGE_NAME, REG_NOTIFY_CHANGE_SECURITY,
};

use super::value::key_of;
use super::{Outcome, key_by_handle};
use crate::cm::watch::Wanted;
use crate::machine::{Mode, Thread};
use crate::object::{Body, Handle, ObjectRef};
use crate::status::Status;

const EVENT_MODIFY_STATE: u32 = 2;
/// `REG_NOTIFY_THREAD_AGNOSTIC`: the request outlives its thread, as all do here.
const THREAD_AGNOSTIC: u32 = 0x1000_0000;
const VALID_FILTER: u32 = REG_NOTIFY_CHANGE_NAME
    | REG_NOTIFY_CHANGE_ATTRIBUTES
    | REG_NOTIFY_CHANGE_LAST_SET
    | REG_NOTIFY_CHANGE_SECURITY
    | THREAD_AGNOSTIC;

/// How a caller is told of a change.
pub(crate) enum Tell {
    /// The call returns.
    Return(PIO_STATUS_BLOCK),
    /// The call has returned; the block is written to and the event, if there is one, signalled.
    Signal(PIO_STATUS_BLOCK, HANDLE),
}

/// `ZwNotifyChangeKey`. Registry callbacks do not see it.
///
/// # Safety
/// The pointers are as the routine's page asks.
pub(crate) unsafe fn notify_change(
    thread: &Thread,
    handle: HANDLE,
    filter: u32,
    subtree: bool,
    tell: Tell,
) -> Outcome {
    if filter & !VALID_FILTER != 0 {
        return Err(Status::INVALID_PARAMETER);
    }
    let object = key_by_handle(thread, "ZwNotifyChangeKey", handle, KEY_NOTIFY)?;
    let key = key_of!(object).key();
    let watches = &thread.kernel().cm.watches;
    let wanted = Wanted { filter, subtree };
    match tell {
        Tell::Return(block) => {
            let status = watches.wait(thread.kernel(), &object, key, wanted)?;
            // SAFETY: the caller's block is valid during the call.
            unsafe { crate::cm::watch::write_block(block, status) };
            Ok(status)
        }
        Tell::Signal(block, event) => {
            let event = match event.is_null() {
                true => None,
                false => Some(event_by_handle(thread, event)?),
            };
            // SAFETY: the caller keeps the block until the request has ended.
            unsafe { watches.signal(thread.kernel(), &object, key, wanted, block, event) }
        }
    }
}

/// References the event behind a handle that may signal it.
fn event_by_handle(thread: &Thread, handle: HANDLE) -> Result<ObjectRef<'_>, Status> {
    let handle = Handle::from_raw(handle);
    let user = thread.previous_mode() == Mode::User;
    let referenced = match user && handle.is_kernel() {
        true => None,
        false => thread.reference_handle(handle),
    };
    let (object, granted) = referenced.ok_or(Status::INVALID_HANDLE)?;
    match object.body() {
        Body::Event(_) if user && granted & EVENT_MODIFY_STATE == 0 => Err(Status::ACCESS_DENIED),
        Body::Event(_) => Ok(object),
        _ => Err(Status::OBJECT_TYPE_MISMATCH),
    }
}
